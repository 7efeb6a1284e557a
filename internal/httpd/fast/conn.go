package fast

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// conn is a client's connection. What is not atomic belongs to the goroutine that serves it.
type conn struct {
	net.Conn
	set       *Set
	kind      Kind
	last      bool         // it has one of the last descriptors
	idleSince atomic.Int64 // sequence number of its set when it became idle; 0 while a request is served, or refused
	readAhead []byte       // already read; Read returns it first
	adapts    bool         // Read is to adapt the next header
	header    header
	timeout   time.Duration // for a part of a response
	deadline  time.Time     // for writing, as it was set
	ended     atomic.Bool   // nothing is written any more
	fresh     atomic.Bool   // no request has been answered or passed to net/http
	left      bool          // it has been passed to Options.Leave
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

// Read implements net.Conn, for net/http.
func (c *conn) Read(p []byte) (n int, err error) {
	if c.adapts {
		c.adapts = false
		if err := c.readHeader(); err != nil {
			return 0, err
		}
	}
	if len(c.readAhead) > 0 {
		n = copy(p, c.readAhead)
		c.readAhead = c.readAhead[n:]
	} else {
		n, err = c.Conn.Read(p)
	}
	if !c.header.add(n) {
		_, _ = c.Write(unavailable)
		return 0, io.EOF // net/http closes the connection without a response of its own
	}
	return n, err
}

// Write implements net.Conn. Each part has the whole timeout, so that a client that reads slowly is served, and one that
// does not read is not.
func (c *conn) Write(p []byte) (written int, err error) {
	for len(p) > 0 && err == nil {
		if now := time.Now(); c.deadline.Sub(now) < c.timeout/2 {
			c.deadline = now.Add(c.timeout)
			_ = c.Conn.SetWriteDeadline(c.deadline)
			if c.ended.Load() {
				_ = c.Conn.SetWriteDeadline(now)
			}
		}
		var n int
		n, err = c.Conn.Write(p[:min(len(p), PartSize)])
		written += n
		p = p[n:]
	}
	return written, err
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

// CloseWrite lets net/http end a response that its client may not have read yet.
func (c *conn) CloseWrite() error {
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

// ConnContext is the function of this name of the http.Server.
func (a *Acceptor) ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// ConnState is the function of this name of the http.Server.
func (a *Acceptor) ConnState(c net.Conn, state http.ConnState) {
	switch c := c.(*conn); state {
	case http.StateActive: // the header was received
		c.header.complete = true
	case http.StateIdle:
		c.header.reset()
		c.setIdle()
	case http.StateClosed, http.StateHijacked:
		c.header.reset()
		c.set.remove(c)
	}
}

// SetActive protects the connection of a request from being closed as an idle one, until the response is sent. The request
// has been received whole, or is refused. Ctx is the context of the request.
func SetActive(ctx context.Context) { ctx.Value(connKey{}).(*conn).setActive() }

// SetRefused ends that protection: the request was refused, and what its client still sends is of no interest.
func SetRefused(ctx context.Context) { ctx.Value(connKey{}).(*conn).idleSince.Store(refused) }

// PeerUID is the user of the client of a request, if it is known: on a Unix socket.
func PeerUID(ctx context.Context) (uid int, known bool) {
	return sock.PeerUID(ctx.Value(connKey{}).(*conn).Conn)
}

// SetPatient gives the client of a request as long for each part of the response as an idle connection has.
func SetPatient(ctx context.Context) { ctx.Value(connKey{}).(*conn).timeout = IdleTimeout }
