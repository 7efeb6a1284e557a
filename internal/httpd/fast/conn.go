package fast

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/sock"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// conn is a client's connection. What is not atomic belongs to the goroutine that serves it.
type conn struct {
	net.Conn
	set       *Set
	idleSince atomic.Int64    // sequence number of its set when it became idle; 0 while a request is served, or refused
	readAhead []byte          // received and not served; for net/http: Read returns it first
	http      *httpConn       // nil: it has not been passed to net/http. The lock of the set guards it
	secure    *secure         // nil: no TLS. The lock of the set guards it
	peer      *access.Peer    // what is known of the client; nil: nothing, or it was not asked for
	rest      *rest           // of answers that were to be sent when the set was frozen; nil: none
	resumed   *ConnState      // of the first request, until that asks for it
	verdict   *access.Verdict // on the first request that net/http gets; nil: it has not been judged
	deadline  time.Time       // for writing, as it was set
	server    int             // Options.Server
	patient   atomic.Bool     // its client has as long for a part of a response as an idle connection has
	ended     atomic.Bool     // nothing is written any more
	leaving   atomic.Bool     // the end of TLS is being sent
	fresh     atomic.Bool     // no request has been answered or passed to net/http
	kind      Kind
	last      bool // it has one of the last descriptors
	left      bool // it has been passed to Options.Leave
	discards  bool // what it receives is dropped
}

// refused is the sequence number of a connection whose request was refused: such a connection is closed before idle ones.
const refused = -1

func (c *conn) setIdle() { c.idleSince.Store(c.set.sequence.Add(1)) }

// used notes that the connection is not fresh any more.
func (c *conn) used() {
	if c.fresh.CompareAndSwap(true, false) {
		c.set.fresh.Done()
	}
}

func (c *conn) setActive() { c.idleSince.Store(0) }

// call returns the call of the request that is served.
func (c *conn) call(port waiting.Port) *waiting.Call {
	s := c.resumed
	c.resumed = nil
	if s == nil {
		return waiting.New(port, nil, nil)
	}
	return waiting.New(port, s.Call, s.file)
}

// Write implements net.Conn. Each part has the whole timeout, so that a client that reads slowly is served, and one that
// does not read is not.
func (c *conn) Write(p []byte) (written int, err error) {
	if c.http != nil && c.http.discards {
		return len(p), nil
	}
	if c.secure != nil {
		return c.secure.tls.Write(p)
	}
	return c.send(p)
}

// send sends bytes as they are.
func (c *conn) send(p []byte) (written int, err error) {
	all := len(p)
	if c.rest != nil {
		if absorbed, err := c.afterRest(p); absorbed {
			return all, nil
		} else if err != nil {
			return 0, err
		}
	}
	for len(p) > 0 && err == nil {
		if now, timeout := time.Now(), c.timeout(); c.deadline.Sub(now) < timeout/2 || c.deadline.Sub(now) > 2*timeout {
			c.deadline = now.Add(timeout)
			_ = c.Conn.SetWriteDeadline(c.deadline)
			if c.ended.Load() {
				_ = c.Conn.SetWriteDeadline(now)
			}
		}
		if c.set.isFrozen() && c.absorb(p) {
			return all, nil
		}
		var n int
		n, err = c.Conn.Write(p[:min(len(p), PartSize)])
		written += n
		p = p[n:]
		if isInterrupted(err, c.deadline) && !c.ended.Load() {
			err, c.deadline = nil, time.Time{}
		}
	}
	return written, err
}

// timeout is how long the client may take for a part of a response.
func (c *conn) timeout() time.Duration {
	switch {
	case c.leaving.Load():
		return goodbyeTimeout
	case c.secure != nil && !c.secure.over.Load():
		return time.Until(c.secure.deadline)
	case c.patient.Load():
		return IdleTimeout
	}
	return WriteTimeout
}

// isInterrupted reports whether err is that of a deadline that is not the given one: that of Freeze.
func isInterrupted(err error, deadline time.Time) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && !passed(deadline)
}

// SetWriteDeadline implements net.Conn. Write has its own deadlines; what a caller sets, from any goroutine, is the end of
// writing. The zero time, which net/http sets after each response, has no effect.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	c.ended.Store(true)
	return c.Conn.SetWriteDeadline(t)
}

// Close implements net.Conn, for net/http and the goroutine that serves the connection. The rest of an answer is sent before. While the
// set is frozen, the connection stays open.
func (c *conn) Close() error {
	c.secure.goodbye()
	if c.closeLater() {
		return nil
	}
	c.awaitRest()
	return c.Conn.Close()
}

// CloseWrite lets net/http end a response that its client may not have read yet.
func (c *conn) CloseWrite() error {
	c.secure.goodbye()
	if c.closeLater() {
		return nil
	}
	c.awaitRest()
	return c.closeWrite()
}

func (c *conn) closeWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// freeHeader is how much of a header is not counted, in bytes: more than clients send that are no attackers.
const freeHeader = 8 << 10

// header counts the header of a request that net/http reads.
type header struct {
	received int64 // bytes
	held     int64 // of budget.Headers
	complete bool
}

// add counts n more bytes. It returns false if there are too many of all connections.
func (h *header) add(n int) bool {
	if h.complete {
		return true
	}
	h.received += int64(n)
	if more := h.received - freeHeader - h.held; more > 0 {
		if !budget.Headers.Take(more) {
			return false
		}
		h.held += more
	}
	return true
}

// reset is for the next request, or for the end of the connection.
func (h *header) reset() {
	if h.held > 0 {
		budget.Headers.Release(h.held)
	}
	*h = header{}
}

// connKey is the key of the connection in the context of a request.
type connKey struct{}

// connContext is the context of the requests of a connection.
type connContext struct {
	context.Context
	conn *conn
}

// Value implements context.Context.
func (x connContext) Value(k any) any {
	if k == (connKey{}) {
		return x.conn
	}
	if access.IsClientKey(k) {
		return x.conn
	}
	if is, needed := waiting.IsKey(k); is {
		return x.conn.httpCall(needed)
	}
	return x.Context.Value(k)
}

// From implements access.Client.
func (c *conn) From() string {
	if c.kind == Unix {
		return sock.PeerName(c.Conn)
	}
	return c.RemoteAddr().String()
}

// ConnContext is the function of this name of the http.Server.
func (a *Acceptor) ConnContext(ctx context.Context, c net.Conn) context.Context {
	return connContext{ctx, c.(*conn)}
}

// ConnState is the function of this name of the http.Server.
func (a *Acceptor) ConnState(c net.Conn, state http.ConnState) {
	switch c := c.(*conn); state {
	case http.StateActive: // the header was received
		c.http.header.complete = true
	case http.StateIdle:
		c.http.header.reset()
		c.http.end()
		c.setIdle()
	case http.StateClosed, http.StateHijacked:
		c.http.header.reset()
		c.set.removeClosed(c)
	}
}

// SetRefused ends that protection: the request was refused, and what its client still sends is of no interest.
func SetRefused(ctx context.Context) { connOf(ctx).idleSince.Store(refused) }

// PeerUID is the user of the client of a request, if it is known: on a Unix socket.
func PeerUID(ctx context.Context) (uid int, known bool) { return sock.PeerUID(connOf(ctx).Conn) }

// TakeVerdict returns the verdict on a request that was judged before net/http got it.
func TakeVerdict(ctx context.Context) (v access.Verdict, judged bool) {
	c := connOf(ctx)
	if c.verdict == nil {
		return v, false
	}
	v, c.verdict = *c.verdict, nil
	return v, true
}

// Conn is the connection of a request, without what the package has added.
func Conn(ctx context.Context) net.Conn { return connOf(ctx) }

// Raw returns the connection of the system below one that Options.Admit or Conn has given.
func Raw(c net.Conn) net.Conn {
	if c, ok := c.(*conn); ok {
		return c.Conn
	}
	return c
}

// PeerOf returns what such a connection says about its client, nil: nothing. The process at the other end of a Unix socket is looked at only
// if it matters.
func PeerOf(c net.Conn, asksProcess bool) *access.Peer {
	own, ok := c.(*conn)
	if !ok {
		return nil
	}
	own.verifyAgain()
	if own.peer == nil && asksProcess && own.kind == Unix {
		cred, known := sock.PeerCredentials(own.Conn)
		own.peer = &access.Peer{Process: known, UID: cred.UID, GIDs: cred.GIDs}
	}
	return own.peer
}

// SetPatient gives the client of a request as long for each part of the response as an idle connection has.
func SetPatient(ctx context.Context) { connOf(ctx).patient.Store(true) }

func connOf(ctx context.Context) *conn { return ctx.Value(connKey{}).(*conn) }
