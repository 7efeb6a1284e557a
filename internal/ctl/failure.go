package ctl

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// commandError is an error of a command itself. Class is the name of the original's exception.
type commandError struct{ class, text string }

func (e *commandError) Error() string { return e.text }

// notAllowed is the text for the fault NotAllowed.
const notAllowed = "not allowed"

// printError prints an error for which the command has no message, in the original's format, which scripts parse.
func (c *Controller) printError(err error) {
	c.status = exitGeneric
	if isUnauthorized(err) {
		c.println("Server requires authentication")
		return
	}
	if faultCode(err) == api.NotAllowed {
		c.println("ERROR: " + notAllowed)
		return
	}
	class, text := classify(err)
	c.println(fmt.Sprintf("error: <class '%s'>, %s: %s", class, text, c.options.ServerURL))
	if faultCode(err) == api.ShutdownState {
		c.out.Flush()
		fmt.Fprintln(c.options.Err, "supervisord is shutting down or restarting"+c.awaited())
	}
}

// awaited says for which processes supervisord waits during a shutdown, or nothing if that is unknown. Calls are refused then,
// so this is what the main log says last.
func (c *Controller) awaited() string {
	const begin, end = " INFO waiting for ", " to die"
	data, err := c.server.MainLogEnd(c.ctx, backlogBytes)
	if err != nil {
		return ""
	}
	lines := strings.Split(string(data), "\n")
	for _, line := range slices.Backward(lines) {
		_, rest, found := strings.Cut(line, begin)
		names, complete := strings.CutSuffix(rest, end)
		if found && complete {
			return ", waiting for " + c.visible(names, false)
		}
	}
	return ""
}

// classify returns the name of the original's exception for an error, and its text.
func classify(err error) (class, text string) {
	var (
		own    *commandError
		fault  *client.Fault
		status *client.HTTPError
		scheme *client.SchemeError
		peer   *client.PeerError
		parse  *client.ParseError
		other  *client.NotHTTPError
		secure *client.TLSError
		file   *client.FileError
		lookup *net.DNSError
		number syscall.Errno
	)
	switch {
	case errors.As(err, &own):
		return own.class, own.text
	case errors.As(err, &fault):
		return "xmlrpc.client.Fault", fmt.Sprintf("<Fault %d: %s>", fault.Code, pyrepr.Quote(fault.Text))
	case errors.As(err, &status):
		// The original shows this address for every server.
		return "xmlrpc.client.ProtocolError",
			fmt.Sprintf("<ProtocolError for 127.0.0.1/RPC2: %d %s>", status.Code, status.Reason)
	case errors.As(err, &scheme):
		return "ValueError", "Unknown protocol for serverurl " + scheme.URL
	case errors.As(err, &peer):
		return "PermissionError", peer.Error() + "; if it does, set user= in [supervisord] of the configuration file"
	case errors.As(err, &secure) && secure.Unverified:
		return "ssl.SSLCertVerificationError", secure.Error()
	case errors.As(err, &secure):
		return "ssl.SSLError", secure.Error()
	case errors.As(err, &file) && errors.As(err, &number):
		return errnoClass(number), file.Error()
	case errors.As(err, &file):
		return "ssl.SSLError", file.Error()
	case errors.As(err, &other):
		return "http.client.BadStatusLine", other.Error()
	case errors.Is(err, client.ErrLongPath):
		return "OSError", err.Error()
	case errors.As(err, &parse):
		return "xml.parsers.expat.ExpatError", parse.Error()
	case errors.Is(err, client.ErrGone):
		return "http.client.RemoteDisconnected", "Remote end closed connection without response"
	case errors.As(err, &lookup):
		return "socket.gaierror", "[Errno -2] Name or service not known"
	case errors.Is(err, syscall.EINVAL): // of connecting: only a path that is too long is invalid
		return "OSError", "AF_UNIX path too long"
	case errors.As(err, &number):
		return errnoClass(number), pyrepr.OSError(number)
	}
	return "Exception", err.Error()
}

func errnoClass(number syscall.Errno) string {
	switch number {
	case syscall.ECONNREFUSED:
		return "ConnectionRefusedError"
	case syscall.ECONNRESET:
		return "ConnectionResetError"
	case syscall.ENOENT:
		return "FileNotFoundError"
	case syscall.EACCES, syscall.EPERM:
		return "PermissionError"
	case syscall.EPIPE:
		return "BrokenPipeError"
	case syscall.ETIMEDOUT:
		return "TimeoutError"
	}
	return "OSError"
}

// isUnauthorized reports whether the server has refused the credentials, or requires some.
func isUnauthorized(err error) bool {
	var status *client.HTTPError
	return errors.As(err, &status) && status.Code == http.StatusUnauthorized
}

func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
func isMissing(err error) bool { return errors.Is(err, syscall.ENOENT) }

// faultCode returns the code of a fault, and 0 for another error or none.
func faultCode(err error) int {
	var fault *client.Fault
	if errors.As(err, &fault) {
		return fault.Code
	}
	return 0
}
