package fast

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// MaxIdle bounds the idle connections of a server, among them those with an incomplete request. Beyond it the one that has
// been idle longest is closed, so that abandoned connections do not use up the daemon's descriptors.
const MaxIdle = 512

// conn is a client's connection.
type conn struct {
	net.Conn
	set       *connSet
	readAhead []byte       // already read by answerSimple; Read returns it first
	idleSince atomic.Int64 // sequence number of its set when it became idle; 0 while a request is served
	deadline  time.Time    // for writing, as it was set
}

func (c *conn) Read(p []byte) (int, error) {
	if len(c.readAhead) > 0 {
		n := copy(p, c.readAhead)
		c.readAhead = c.readAhead[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite lets net/http end a response that its client may not have read yet.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *conn) setIdle()   { c.idleSince.Store(c.set.sequence.Add(1)) }
func (c *conn) setActive() { c.idleSince.Store(0) }

// send writes a response. Each part has the whole timeout, so that a client that reads slowly is served, and one that
// does not read is not.
func (c *conn) send(parts ...[]byte) (err error) {
	for _, part := range parts {
		for len(part) > 0 && err == nil {
			n := min(len(part), PartSize)
			if now := time.Now(); c.deadline.Sub(now) < WriteTimeout/2 {
				c.deadline = now.Add(WriteTimeout)
				_ = c.SetWriteDeadline(c.deadline)
			}
			_, err = c.Conn.Write(part[:n])
			part = part[n:]
		}
	}
	return err
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
	case http.StateIdle:
		c.setIdle()
	case http.StateClosed, http.StateHijacked:
		a.conns.remove(c)
	}
}

// SetActive protects the connection of a request from being closed as an idle one, until the response is sent. The request
// has been received whole. Ctx is the context of the request.
func SetActive(ctx context.Context) { ctx.Value(connKey{}).(*conn).setActive() }

// connSet is the connections of a server. The zero value works.
type connSet struct {
	sequence atomic.Int64 // counts the times at which a connection became idle
	mu       sync.Mutex
	conns    map[*conn]struct{}
	closed   bool
}

// add adds a new connection, and closes another one if too many are idle.
func (s *connSet) add(raw net.Conn) *conn {
	c := &conn{Conn: raw, set: s}
	c.setIdle()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return c
	}
	if s.conns == nil {
		s.conns = map[*conn]struct{}{}
	}
	s.conns[c] = struct{}{}
	if len(s.conns) > MaxIdle {
		s.evictOldest(MaxIdle)
	}
	return c
}

// evict closes the connection that has been idle longest, to free its descriptor.
func (s *connSet) evict() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.evictOldest(0)
}

// evictOldest closes the connection that has been idle longest if more than allowed are idle. The caller holds the lock.
func (s *connSet) evictOldest(allowed int) {
	var oldest *conn
	var first int64
	idle := 0
	for c := range s.conns {
		since := c.idleSince.Load()
		if since == 0 {
			continue
		}
		if idle++; oldest == nil || since < first {
			oldest, first = c, since
		}
	}
	if idle > allowed {
		delete(s.conns, oldest)
		_ = oldest.Close()
	}
}

// remove removes a connection that was closed.
func (s *connSet) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// close closes all connections and those that are added later.
func (s *connSet) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.conns {
		_ = c.Close()
	}
	clear(s.conns)
}
