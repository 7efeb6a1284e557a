package childutils

import (
	"bufio"
	"fmt"
	"io"
)

// Result is the answer of a listener to an event.
type Result struct {
	Event           // its header also has listener and resultlen
	Listener string // the process name of the listener
	Text     string // the answer, without RESULT and the length
}

// ResultHandler implements the protocol of result_handler_exec: it receives each event with the answer of a listener, and
// decides whether the event has been handled.
type ResultHandler struct {
	in  *bufio.Reader
	out io.Writer
}

// NewResultHandler makes a result handler that reads from in and answers on out, which must not be buffered.
func NewResultHandler(in io.Reader, out io.Writer) *ResultHandler {
	return &ResultHandler{in: bufio.NewReader(in), out: out}
}

// Next waits for a result, which must be answered with Accept, Reject or Fail before the next call. The error is io.EOF at
// the end of the input.
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

// Accept answers that the event has been handled.
func (h *ResultHandler) Accept() error { return h.answer("ACCEPT") }

// Reject answers that the event has not been handled; supervisord sends it again.
func (h *ResultHandler) Reject() error { return h.answer("REJECT") }

// Fail answers that the result is invalid; supervisord sends the listener no more events, and the event to another one.
func (h *ResultHandler) Fail() error { return h.answer("FAIL") }

func (h *ResultHandler) answer(decision string) error {
	_, err := fmt.Fprintln(h.out, decision)
	return err
}
