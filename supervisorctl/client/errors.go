package client

import (
	"errors"
	"fmt"
	"io"
	"net/url"
)

// Fault is an error that supervisord answers with. Code is one of the fault codes of its interface, such as 10 for a
// bad name; Text begins with the code's name, such as "BAD_NAME: web".
type Fault struct {
	Code int
	Text string
}

func (f *Fault) Error() string { return fmt.Sprintf("fault %d: %s", f.Code, f.Text) }

// HTTPError is an answer with another status than 200, such as 401 for wrong credentials.
type HTTPError struct {
	Host   string // without the port
	Path   string
	Code   int
	Reason string // such as "Unauthorized"
}

func (e *HTTPError) Error() string {
	return fmt.Sprintf("%s%s: %d %s", e.Host, e.Path, e.Code, e.Reason)
}

// SchemeError is a server URL that is neither unix:// nor http://.
type SchemeError struct{ URL string }

func (e *SchemeError) Error() string { return "unknown protocol for serverurl " + e.URL }

// ParseError is an answer that is no XML-RPC.
type ParseError struct{ Err error }

func (e *ParseError) Error() string { return e.Err.Error() }

// Unwrap returns what the reader of the answer said.
func (e *ParseError) Unwrap() error { return e.Err }

// ErrGone is a connection that the server closed before it answered.
var ErrGone = errors.New("remote end closed connection without response")

// callError takes away what net/http wraps around an error, so that the cause shows. Whether the connection was
// refused, the socket is missing or may not be opened tells errors.Is with syscall.ECONNREFUSED, ENOENT and EACCES.
func callError(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrGone
	}
	return err
}
