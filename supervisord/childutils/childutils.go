// Package childutils is for programs that supervisord runs: event listeners, result handlers, plug-ins, children that emit
// events on their standard output, and children that call the supervisord that started them. It starts no goroutines, except
// that a Plugin answers each call in one. A Listener and a ResultHandler are for one goroutine at a time.
//
// A listener calls a function with each event:
//
//	l := childutils.NewListener(os.Stdin, os.Stdout)
//	err := l.Each(func(event childutils.Event) error {
//		fmt.Fprintln(os.Stderr, event.Name())
//		return nil
//	})
//
// or loops around Next, if it chooses its answers itself. A ResultHandler decides what the answers of listeners mean.
//
// Messages of a listener belong on its standard error, because its standard output carries the protocol.
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

// Event is an event as supervisord sends it.
type Event struct {
	Header  map[string]string // ver, server, serial, pool, poolserial, eventname, len
	Payload string            // unchanged
}

// Name returns the type of the event, such as "PROCESS_STATE_EXITED".
func (e Event) Name() string { return e.Header["eventname"] }

// Data parses the payload; see EventData.
func (e Event) Data() (fields map[string]string, data string) { return EventData(e.Payload) }

// Fields parses pairs such as "processname:cat groupname:cat". A word without a colon is skipped. Source:
// supervisor.childutils.get_headers.
func Fields(line string) map[string]string {
	fields := map[string]string{}
	for _, word := range strings.Fields(line) {
		if key, value, ok := strings.Cut(word, ":"); ok {
			fields[key] = value
		}
	}
	return fields
}

// EventData parses a payload: the pairs on its first line, and the data after the first line feed. Source:
// supervisor.childutils.eventdata.
func EventData(payload string) (fields map[string]string, data string) {
	head, data, _ := strings.Cut(payload, "\n")
	return Fields(head), data
}

// Listener implements the protocol of event listeners. Source:
// supervisor.childutils.EventListenerProtocol.
type Listener struct {
	// CountBytes must be set in a pool with payload_length=bytes: len counts bytes then, and characters otherwise.
	CountBytes bool

	in  *bufio.Reader
	out io.Writer
}

// NewListener makes a listener that reads from in and answers on out, which must not be buffered.
func NewListener(in io.Reader, out io.Writer) *Listener {
	return &Listener{in: bufio.NewReader(in), out: out}
}

// Next writes READY and waits for an event, which must be answered with OK, Fail or Send before the next call. The error is
// io.EOF at the end of the input.
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

// readHeader reads a header line. The error is io.EOF at the end of the input.
func readHeader(in *bufio.Reader) (map[string]string, error) {
	line, err := in.ReadString('\n')
	if err == io.EOF && line != "" {
		err = io.ErrUnexpectedEOF
	}
	return Fields(line), err
}

// length returns a length from a header.
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
	_, err := io.CopyN(&b, in, int64(n)) // does not allocate a wrong length in advance
	return b.String(), unexpectedEOF(err)
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
			return "", unexpectedEOF(err)
		}
		b.WriteRune(r)
	}
	return b.String(), nil
}

// unexpectedEOF returns err, or io.ErrUnexpectedEOF if it is io.EOF.
func unexpectedEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Each calls handle with each event until the end of the input, and answers OK. If handle returns an error, Each writes it to
// standard error and answers FAIL, and supervisord sends the event again.
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

// OK answers that the event has been handled.
func (l *Listener) OK() error { return l.Send("OK") }

// Fail answers that the event has not been handled; supervisord sends it again.
func (l *Listener) Fail() error { return l.Send("FAIL") }

// Send answers with any result, for pools whose result handler accepts it.
func (l *Listener) Send(result string) error {
	_, err := fmt.Fprintf(l.out, "RESULT %d\n%s", len(result), result)
	return err
}

// The tokens between which supervisord captures output.
const (
	beginToken = "<!--XSUPERVISOR:BEGIN-->"
	endToken   = "<!--XSUPERVISOR:END-->"
)

// Communicate makes supervisord send a PROCESS_COMMUNICATION event with data. w is os.Stdout or os.Stderr, and
// stdout_capture_maxbytes or stderr_capture_maxbytes of the program must be set. It makes a single write, so that the data
// cannot be mixed with other output. Source:
// supervisor.childutils.ProcessCommunicationsProtocol.
func Communicate(w io.Writer, data string) error {
	_, err := io.WriteString(w, beginToken+data+endToken)
	return err
}

// Client makes a client for the supervisord that started this process, from the environment variables
// SUPERVISOR_SERVER_URL, SUPERVISOR_USERNAME and SUPERVISOR_PASSWORD. supervisord sets only the first. Source:
// supervisor.childutils.getRPCInterface.
func Client() (*client.Client, error) {
	url := os.Getenv("SUPERVISOR_SERVER_URL")
	if url == "" {
		return nil, errors.New("SUPERVISOR_SERVER_URL is not set: supervisord did not start this process, or has no server")
	}
	return client.New(url, os.Getenv("SUPERVISOR_USERNAME"), os.Getenv("SUPERVISOR_PASSWORD"))
}
