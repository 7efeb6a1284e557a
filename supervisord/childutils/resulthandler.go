package childutils

import (
	"bufio"
	"fmt"
	"io"
)

// Result is what a listener made of an event.
type Result struct {
	Event           // whose header has two more fields, listener and resultlen
	Listener string // the name of the listener's process
	Text     string // what it answered, without the envelope
}

// ResultHandler speaks the protocol of result_handler_exec: it is told each event with the result that a listener gave,
// and says what becomes of the event.
type ResultHandler struct {
	in  *bufio.Reader
	out io.Writer
}

// NewResultHandler makes a result handler that reads from in and answers on out, which must not be buffered.
func NewResultHandler(in io.Reader, out io.Writer) *ResultHandler {
	return &ResultHandler{in: bufio.NewReader(in), out: out}
}

// Next waits for a result, which has to be answered with Accept, Reject or Fail before the next one. The error is
// io.EOF when there are no more.
func (h *ResultHandler) Next() (Result, error) {
	header, err := readHeader(h.in)
	if err != nil {
		return Result{}, err
	}
	r := Result{Event: Event{Header: header}, Listener: header["listener"]}
	for _, part := range []struct {
		key  string
		text *string
	}{{"len", &r.Payload}, {"resultlen", &r.Text}} {
		n, err := length(header, part.key)
		if err != nil {
			return Result{}, err
		}
		if *part.text, err = readBytes(h.in, n); err != nil {
			return Result{}, err
		}
	}
	return r, nil
}

// Accept says that the event is done.
func (h *ResultHandler) Accept() error { return h.say("ACCEPT") }

// Reject says that the event was not handled; supervisord sends it again.
func (h *ResultHandler) Reject() error { return h.say("REJECT") }

// Fail says that the result makes no sense; supervisord sends the listener no more events, and the event to another.
func (h *ResultHandler) Fail() error { return h.say("FAIL") }

func (h *ResultHandler) say(verdict string) error {
	_, err := fmt.Fprintln(h.out, verdict)
	return err
}
