// Package fast accepts the connections of one HTTP server and answers simple requests itself. Simple is what nearly all
// clients send: a POST to /RPC2 with a length and no header field that changes its meaning (see parse). One goroutine for
// each connection reads it and writes the response, from one buffer and with one write. A connection on which anything
// else arrives is passed to net/http, with the bytes read so far, and stays there.
//
// The package never interprets a request differently from net/http: FuzzParse compares the two. It knows no routes, no
// users and no methods. Acceptor.Run is called once, in a goroutine of its own; net/http calls the methods that make an
// Acceptor a net.Listener.
//
// The package can be deleted when net/http alone costs no more: when both halves of BenchmarkCall of package httpd take
// the same time and memory (when this was written, net/http took twice as long, the client included, and made 27 more
// allocations for each call). What is then still needed is Set: net/http does not bound the number of
// connections.
package fast

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// Limits of a connection, which the requests that net/http reads have too.
const (
	HeaderTimeout = time.Minute      // from the first byte of a request to its last; net/http: to the end of its header
	IdleTimeout   = 30 * time.Minute // between two requests
	WriteTimeout  = time.Minute      // for each part of a response, so that a slow consumer is not cut off
	PartSize      = 256 << 10        // bytes of a response that are written at once
)

// Options are what an Acceptor needs of its server. Functions are called from the goroutines of connections.
type Options struct {
	// Call answers a request as described at httpd.Services. If it is nil, no request is simple.
	Call func(ctx context.Context, body, dst []byte) (response []byte, done func(), status int)
	// Admit judges a request on a connection by the value of its Authorization field, if one is given. A request that is refused, or that
	// another reader is to judge, is answered by net/http.
	Admit func(c net.Conn, header string, given bool) (v access.Verdict, final bool)
	// HostAllowed, if not nil, reports whether the server answers under the name in a Host field. If not, net/http answers.
	HostAllowed func(host string) bool
	// TLS, if not nil, is how connections are encrypted.
	TLS *tls.Config
	// Authorities returns those that certificates of clients are verified with, with TLS; nil: there are none.
	Authorities func() *x509.CertPool
	// Dropped, if not nil, is called when a connection has ended in the handshake of TLS: what that took of memory can be returned.
	Dropped func()
	// Server is the number of the server, Kind its kind, and Set has the connections of all servers.
	Server int
	Kind   Kind
	Set    *Set
	// Begin is called before a response is made and reports whether the server still answers; End is called after it.
	Begin func() bool
	End   func()
	// Leave gets a connection, and what was read from it, whose first request has not been answered when the server closes. It
	// may wait for the next server, which gives it to Take. If it is nil, such a connection is closed.
	Leave func(c net.Conn, ahead []byte)
	// ErrorPage is the body of a response with a status other than 200.
	ErrorPage func(status int) []byte
	// Access, if not nil, is called after each response; size is that of its body in bytes.
	Access func(remote, request string, status int, size int64)
	// Answered, if not nil, is called with the status of each response before it is sent.
	Answered func(status int)
	// Panicked is called for a panic that a function of the server did not recover.
	Panicked func(failure any)
	// Closed is closed when the server is.
	Closed <-chan struct{}
}

// Acceptor accepts connections. It is the net.Listener of the net/http server that answers the complex requests.
type Acceptor struct {
	options  Options
	listener net.Listener
	fallback chan net.Conn // for Accept
	refusing atomic.Int32  // connections in refuse
}

// New returns an acceptor for the connections of l, which stays the caller's to close.
func New(l net.Listener, o Options) *Acceptor {
	return &Acceptor{options: o, listener: l, fallback: make(chan net.Conn)}
}

// Accept returns the next connection for net/http.
func (a *Acceptor) Accept() (net.Conn, error) {
	select {
	case c := <-a.fallback:
		return c, nil
	case <-a.options.Closed:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (a *Acceptor) Addr() net.Addr { return a.listener.Addr() }

// Close implements net.Listener. It does nothing.
func (a *Acceptor) Close() error { return nil }

// Run accepts connections until the listener is closed, or its deadline is in the past.
func (a *Acceptor) Run() {
	const minPause, maxPause = 5 * time.Millisecond, 250 * time.Millisecond
	pause := minPause
	for {
		raw, err := a.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded):
			return
		case err != nil: // no descriptor is free, or the client has disconnected
			if (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) && a.hasClient() {
				a.options.Set.outOfDescriptors()
			}
			select {
			case <-time.After(pause):
			case <-a.options.Closed:
			case <-a.options.Set.Frozen():
			}
			pause = min(2*pause, maxPause)
		default:
			pause = minPause
			a.Take(raw, nil)
		}
	}
}

// hasClient reports whether a client waits to be accepted. Without a free descriptor, accept fails also if none does.
func (a *Acceptor) hasClient() bool {
	fds := []unix.PollFd{{Fd: int32(Descriptor(a.listener)), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// Take serves a connection, of which ahead has been read already.
func (a *Acceptor) Take(raw net.Conn, ahead []byte) {
	s, isSecure := raw.(*secure)
	if isSecure {
		raw = s.conn.Conn
		if s.config != a.options.TLS {
			_ = raw.Close()
			return
		}
	}
	c, ok := a.options.Set.add(raw, a.options.Kind)
	switch {
	case !ok && a.options.TLS != nil:
		_ = raw.Close()
		return
	case !ok:
		go a.refuse(raw)
		return
	}
	c.readAhead, c.server = ahead, a.options.Server
	if isSecure {
		c.peer = s.conn.peer
		s.conn, s.closed = c, a.closed
		c.setSecure(s)
	}
	go a.serve(c)
}

// Resume serves a connection of a state.
func (a *Acceptor) Resume(raw net.Conn, state *ConnState) {
	c := a.options.Set.adopt(raw, a.options.Kind, state)
	c.server = a.options.Server
	if !state.Fresh {
		c.used()
	}
	switch {
	case state.Closes: // the rest closes it
		c.used()
	case state.Discards:
		c.used()
		wait := refuseTimeout
		if a.options.TLS != nil { // what was sent is the end of TLS, which the client sees when it uses the connection again
			wait = IdleTimeout
		}
		go a.discard(c, wait)
	default:
		go a.serve(c)
	}
}

// discard closes a connection whose request was refused, when the client has disconnected or had time to read the answer, or when it
// has sent nothing for the given time.
func (a *Acceptor) discard(c *conn, wait time.Duration) {
	c.idleSince.Store(refused)
	c.discards = true
	c.toHTTP() // for receive
	_ = c.SetReadDeadline(time.Now().Add(wait))
	for p := make([]byte, 512); ; {
		if _, err := c.receive(p); err != nil {
			break
		}
		if wait > refuseTimeout {
			wait = refuseTimeout
			_ = c.SetReadDeadline(time.Now().Add(wait))
		}
	}
	_ = c.Close()
	c.set.removeClosed(c)
}

// serve answers simple requests until the client disconnects or sends anything else, which net/http then gets.
func (a *Acceptor) serve(c *conn) {
	defer c.used()
	if !a.handshake(c) || !a.answerSimple(c) {
		if !c.left {
			_ = c.Close()
			c.set.removeClosed(c)
		}
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	c.toHTTP()
	select {
	case a.fallback <- c:
	case <-a.options.Closed:
		if !a.leave(c, c.readAhead) {
			_ = c.Close()
		}
	}
}

// leave passes a connection on if its first request has not been answered.
func (a *Acceptor) leave(c *conn, ahead []byte) bool {
	if !c.fresh.Load() || a.options.Leave == nil {
		return false
	}
	c.left = true
	c.set.remove(c)
	_ = c.Conn.SetDeadline(time.Time{})
	if c.secure != nil {
		a.options.Leave(c.secure, bytes.Clone(ahead))
	} else {
		a.options.Leave(c.Conn, bytes.Clone(ahead))
	}
	return true
}

// input is what was read from a connection.
type input struct {
	buffer   []byte
	have     int       // bytes in buffer
	begun    bool      // a request has begun: the header timeout applies
	waited   bool      // for the next request: the deadline stays
	deadline time.Time // for reading, as it was set
	caller   *access.Caller
	judged   bool // the caller is that of the request whose header is in buffer
}

// verdict is what is to be done with a connection.
type verdict int

const (
	readMore verdict = iota
	toBeParked
	toNetHTTP
	toBeClosed
)

// answerSimple reads requests and answers them. It returns true if the connection is one for net/http, false if it is to
// be closed.
func (a *Acceptor) answerSimple(c *conn) (fallback bool) {
	defer func() {
		if failure := recover(); failure != nil { // net/http closes the connection as well
			a.options.Panicked(failure)
			fallback = false
		}
	}()
	var in input
	in.buffer = make([]byte, max(2<<10, len(c.readAhead)))
	in.have = copy(in.buffer, c.readAhead)
	c.readAhead = nil
	in.resume(c)
	for {
		v := a.answerRead(c, &in)
		if v > toBeParked {
			return v == toNetHTTP
		}
		in.setDeadline(c)
		if v == toBeParked || c.set.isFrozen() { // looked at after the deadline was set: Freeze and Set.Leave set another one later
			in.park(c)
			continue
		}
		if !a.closed() {
			n, err := c.read(in.buffer[in.have:])
			switch {
			case err == nil:
				in.have += n
				continue
			case !errors.Is(err, os.ErrDeadlineExceeded):
				return false
			case !a.closed() && !passed(in.deadline): // of Freeze
				in.park(c)
				continue
			}
		}
		if a.closed() {
			a.leave(c, in.buffer[:in.have])
		}
		return false
	}
}

// park waits while the set of the connection is frozen.
func (in *input) park(c *conn) {
	c.park(func() ConnState {
		return ConnState{Ahead: in.buffer[:in.have], Deadline: handover.Time{Time: in.deadline}}
	})
	_ = c.Conn.SetReadDeadline(in.deadline)
}

// resume sets the deadline that the connection had in the program before.
func (in *input) resume(c *conn) {
	if s := c.resumed; s != nil && s.Call == nil {
		in.deadline, in.begun, in.waited = s.Deadline.Time, in.have > 0, true
		_ = c.SetReadDeadline(in.deadline)
		c.resumed = nil
	}
}

// answerRead answers the simple requests that have been read. It is a function of its own, which is not inlined, so that the stack of a
// connection that waits has no place for a request.
//
//go:noinline
func (a *Acceptor) answerRead(c *conn, in *input) verdict {
	for {
		r, used, kind := parse(in.buffer[:in.have])
		if r.line != nil && !in.judged && a.options.Call != nil {
			v, final := a.options.Admit(c, r.authorization, r.authorized)
			in.caller, in.judged = v.Caller, true
			if final && v.Caller == nil {
				refused := v // here, so that nothing is allocated for other requests
				c.verdict = &refused
			}
		}
		switch {
		case kind == notSimple, kind == incomplete && in.have >= MaxRequest, a.options.Call == nil,
			r.line != nil && in.caller == nil,
			r.line != nil && a.options.HostAllowed != nil && !a.options.HostAllowed(string(r.host)):
			c.readAhead = in.buffer[:in.have]
			return toNetHTTP
		case kind == simple && c.set.isFrozen():
			return toBeParked
		case kind == simple:
			if !a.options.Begin() {
				a.leave(c, in.buffer[:in.have])
				return toBeClosed
			}
			c.used()
			c.verdict = nil
			c.setActive()
			ahead, ok := a.answer(c, r, in.caller, in.buffer[:in.have])
			if !ok {
				return toBeClosed
			}
			c.setIdle()
			in.next(used, ahead)
			continue
		case in.have == len(in.buffer):
			in.buffer = append(in.buffer, make([]byte, len(in.buffer))...)
		}
		return readMore
	}
}

// next drops the request that was answered, and adds what was read while it was.
func (in *input) next(used int, ahead readAhead) {
	in.have = copy(in.buffer, in.buffer[used:in.have])
	if ahead.watched {
		in.deadline = time.Time{}
		in.buffer = append(in.buffer[:in.have], ahead.bytes...)
		in.have = len(in.buffer)
		in.buffer = in.buffer[:cap(in.buffer)]
	}
	in.begun, in.waited, in.judged, in.caller = false, false, false, nil
}

// setDeadline sets the deadline for the next read.
func (in *input) setDeadline(c *conn) {
	switch now := time.Now(); {
	case in.have > 0 && !in.begun:
		in.begun, in.deadline = true, now.Add(HeaderTimeout)
	case in.have == 0 && !in.waited && in.deadline.Sub(now) < IdleTimeout-HeaderTimeout: // about once a minute
		in.deadline, in.waited = now.Add(IdleTimeout), true
	default:
		return
	}
	_ = c.SetReadDeadline(in.deadline)
}

func (a *Acceptor) closed() bool {
	select {
	case <-a.options.Closed:
		return true
	default:
		return false
	}
}
