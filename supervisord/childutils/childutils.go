// Package childutils is for programs that supervisord runs: event listeners, plug-ins, children that tell supervisord
// something on their standard output, and children that call the supervisord that started them.
//
// A listener is a function that is called with each event:
//
//	l := childutils.NewListener(os.Stdin, os.Stdout)
//	err := l.Each(func(event childutils.Event) error {
//		fmt.Fprintln(os.Stderr, event.Name())
//		return nil
//	})
//
// or a loop around Next, for those that want to answer in their own way. A ResultHandler judges what listeners answer.
//
// Whatever else a listener wants to say belongs on its standard error: its standard output is the protocol.
package childutils

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// Event is one event as a listener gets it.
type Event struct {
	Header  map[string]string // ver, server, serial, pool, poolserial, eventname, len
	Payload string            // as it came
}

// Name is the type of the event, such as "PROCESS_STATE_EXITED".
func (e Event) Name() string { return e.Header["eventname"] }

// Data takes the payload apart; see EventData.
func (e Event) Data() (fields map[string]string, data string) { return EventData(e.Payload) }

// Fields reads pairs such as "processname:cat groupname:cat". A word without a colon is skipped.
func Fields(line string) map[string]string {
	fields := map[string]string{}
	for _, word := range strings.Fields(line) {
		if key, value, ok := strings.Cut(word, ":"); ok {
			fields[key] = value
		}
	}
	return fields
}

// EventData takes a payload apart: the pairs on its first line, and what follows the line feed behind it, as it is.
func EventData(payload string) (fields map[string]string, data string) {
	head, data, _ := strings.Cut(payload, "\n")
	return Fields(head), data
}

// Listener speaks the listener protocol.
type Listener struct {
	// CountBytes is to be set in a pool with payload_length=bytes; otherwise len counts characters, as the original does.
	CountBytes bool

	in  *bufio.Reader
	out io.Writer
}

// NewListener makes a listener that reads from in and answers on out, which must not be buffered.
func NewListener(in io.Reader, out io.Writer) *Listener {
	return &Listener{in: bufio.NewReader(in), out: out}
}

// Next says READY and waits for an event, which has to be answered with OK, Fail or Send before the next one. The error
// is io.EOF when there are no more.
func (l *Listener) Next() (Event, error) {
	if _, err := io.WriteString(l.out, "READY\n"); err != nil {
		return Event{}, err
	}
	header, err := readHeader(l.in)
	if err != nil {
		return Event{}, err
	}
	n, err := length(header, "len")
	if err != nil {
		return Event{}, err
	}
	read := readCharacters
	if l.CountBytes {
		read = readBytes
	}
	payload, err := read(l.in, n)
	return Event{Header: header, Payload: payload}, err
}

// readHeader reads a header line. The error is io.EOF if there is none any more.
func readHeader(in *bufio.Reader) (map[string]string, error) {
	line, err := in.ReadString('\n')
	if err == io.EOF && line != "" {
		err = io.ErrUnexpectedEOF
	}
	return Fields(line), err
}

// length is a length in a header.
func length(header map[string]string, key string) (int, error) {
	n, err := strconv.Atoi(header[key])
	if err != nil || n < 0 {
		return 0, fmt.Errorf("no %s in the header of an event: %q", key, header[key])
	}
	return n, nil
}

// readBytes reads n bytes.
func readBytes(in *bufio.Reader, n int) (string, error) {
	var b strings.Builder
	_, err := io.CopyN(&b, in, int64(n)) // a length that is wrong must not cost its memory
	return b.String(), whole(err)
}

// readCharacters reads n characters.
func readCharacters(in *bufio.Reader, n int) (string, error) {
	var b strings.Builder
	for range n {
		r, size, err := in.ReadRune()
		if r == utf8.RuneError && size == 1 {
			err = errors.New("the payload of an event is not UTF-8")
		}
		if err != nil {
			return "", whole(err)
		}
		b.WriteRune(r)
	}
	return b.String(), nil
}

// whole is the error for input that ended too early.
func whole(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Each calls handle with each event until there are no more. If handle returns an error the event was not handled, and
// supervisord sends it again; the error goes to standard error.
func (l *Listener) Each(handle func(Event) error) error {
	for {
		event, err := l.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		answer := l.OK
		if err := handle(event); err != nil {
			fmt.Fprintln(os.Stderr, err)
			answer = l.Fail
		}
		if err := answer(); err != nil {
			return err
		}
	}
}

// OK says that the event was handled.
func (l *Listener) OK() error { return l.Send("OK") }

// Fail says that the event was not handled; supervisord sends it again.
func (l *Listener) Fail() error { return l.Send("FAIL") }

// Send answers with a result of its own, for pools with a result_handler that understands it.
func (l *Listener) Send(result string) error {
	_, err := fmt.Fprintf(l.out, "RESULT %d\n%s", len(result), result)
	return err
}

// The tokens between which supervisord takes output for a message.
const (
	beginToken = "<!--XSUPERVISOR:BEGIN-->"
	endToken   = "<!--XSUPERVISOR:END-->"
)

// Communicate makes supervisord send a PROCESS_COMMUNICATION event with data. W is os.Stdout or os.Stderr, and
// stdout_capture_maxbytes or stderr_capture_maxbytes of the program must be set. It is one write, so that no other
// output of the program comes between.
func Communicate(w io.Writer, data string) error {
	_, err := io.WriteString(w, beginToken+data+endToken)
	return err
}

// Client makes a client for the supervisord that started this process, from SUPERVISOR_SERVER_URL and, if they are set,
// SUPERVISOR_USERNAME and SUPERVISOR_PASSWORD in its environment. Supervisord itself does not set these two.
func Client() (*client.Client, error) {
	url := os.Getenv("SUPERVISOR_SERVER_URL")
	if url == "" {
		return nil, errors.New("SUPERVISOR_SERVER_URL is not set: this is no child of supervisord, or it has no server")
	}
	return client.New(url, os.Getenv("SUPERVISOR_USERNAME"), os.Getenv("SUPERVISOR_PASSWORD"))
}
