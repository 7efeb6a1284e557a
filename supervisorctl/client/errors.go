package client

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os/user"
	"strconv"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Fault is an error that supervisord answers with. Code is one of the fault codes of its interface, such as 10 for a
// bad name; Text begins with the name of the code, such as "BAD_NAME: web".
type Fault = api.Fault

// HTTPError is a response with a status other than 200, such as 401 for wrong credentials.
type HTTPError struct {
	Host   string // without the port
	Path   string
	Code   int
	Reason string // such as "Unauthorized"
}

func (e *HTTPError) Error() string {
	return fmt.Sprintf("%s%s: %d %s", e.Host, e.Path, e.Code, e.Reason)
}

// SchemeError is the error for a server URL that is neither unix:// nor http:// nor https://.
type SchemeError struct{ URL string }

func (e *SchemeError) Error() string { return "unknown protocol for serverurl " + e.URL }

// PeerError means that another user than supervisord's may listen at a Unix socket. No credentials were sent.
type PeerError struct {
	Path string
	UID  int // of the process that listens
}

func (e *PeerError) Error() string {
	who := fmt.Sprintf("uid %d", e.UID)
	if u, err := user.LookupId(strconv.Itoa(e.UID)); err == nil {
		who = fmt.Sprintf("%s (uid %d)", u.Username, e.UID)
	}
	return who + " listens at " + e.Path + ", where all users can put a socket, and is not known to run supervisord: the password was not sent"
}

// ParseError is the error for a response that is not XML-RPC, or whose result is not of the expected type.
type ParseError struct{ Err error }

func (e *ParseError) Error() string { return e.Err.Error() }

// Unwrap returns the error of the parser.
func (e *ParseError) Unwrap() error { return e.Err }

// NotHTTPError means that a server is no supervisord: what it sends is not HTTP.
type NotHTTPError struct{ Line string } // the beginning of what it sent

func (e *NotHTTPError) Error() string { return e.Line + " (this is no supervisord)" }

var errNoXMLRPC = errors.New("the response is no XML-RPC (this is no supervisord)")

// ErrLongPath means that the path of a Unix socket is longer than the system allows.
var ErrLongPath = errors.New("AF_UNIX path too long")

// ErrGone means that the server closed the connection before it answered.
var ErrGone = errors.New("remote end closed connection without response")

// callError removes the wrapping of net/http from an error. To find out whether the connection was refused, or the socket
// is missing or may not be opened, use errors.Is with syscall.ECONNREFUSED, ENOENT and EACCES.
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
