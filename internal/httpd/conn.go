package httpd

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// maxWaiting is how many connections of a server may wait for their clients: silent ones, and those whose request has
// not come whole. When there are more, the one that waits longest is closed: whoever opens connections and forgets them
// must not use up our descriptors.
const maxWaiting = 512

// conn is the connection of a client.
type conn struct {
	net.Conn
	crowd *crowd
	taken []byte       // was read already, by quick, and is read again first
	since atomic.Int64 // when it began to wait for the client, as a turn of its crowd; 0: the client waits for us
	until time.Time    // its deadline for writing
}

func (c *conn) Read(p []byte) (int, error) {
	if len(c.taken) > 0 {
		n := copy(p, c.taken)
		c.taken = c.taken[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite lets net/http end an answer that its client may not have read yet.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// waits says that it is the client's turn to send something.
func (c *conn) waits() { c.since.Store(c.crowd.turn.Add(1)) }

// busy says that it is ours.
func (c *conn) busy() { c.since.Store(0) }

// piece is how much of an answer is written at once, in bytes.
const piece = 256 << 10

// send writes an answer. Each piece has its time: a client that takes nothing for as long as that is not waited for.
func (c *conn) send(parts ...[]byte) (err error) {
	for _, part := range parts {
		for len(part) > 0 && err == nil {
			n := min(len(part), piece)
			if now := time.Now(); c.until.Sub(now) < takingWait/2 {
				c.until = now.Add(takingWait)
				_ = c.SetWriteDeadline(c.until)
			}
			_, err = c.Conn.Write(part[:n])
			part = part[n:]
		}
	}
	return err
}

// connKey is where the context of a request has its conn.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

func connOf(ctx context.Context) *conn { return ctx.Value(connKey{}).(*conn) }

// crowd is the connections of a server. The zero value works.
type crowd struct {
	turn  atomic.Int64 // counts who began to wait
	mu    sync.Mutex
	conns map[*conn]struct{}
	shut  bool
}

// enter takes in a new connection, and closes another if too many wait.
func (k *crowd) enter(raw net.Conn) *conn {
	c := &conn{Conn: raw, crowd: k}
	c.waits()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shut {
		_ = c.Close()
		return c
	}
	if k.conns == nil {
		k.conns = map[*conn]struct{}{}
	}
	k.conns[c] = struct{}{}
	if len(k.conns) > maxWaiting {
		k.thin(maxWaiting)
	}
	return c
}

// closeOldest closes the connection that waits longest: there is no descriptor for a new one.
func (k *crowd) closeOldest() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.thin(0)
}

// thin closes the connection that waits longest if more than most wait. The lock is held.
func (k *crowd) thin(most int) {
	var oldest *conn
	var first int64
	waiting := 0
	for c := range k.conns {
		since := c.since.Load()
		if since == 0 {
			continue
		}
		if waiting++; oldest == nil || since < first {
			oldest, first = c, since
		}
	}
	if waiting > most {
		delete(k.conns, oldest)
		_ = oldest.Close()
	}
}

// leave forgets a connection that was closed.
func (k *crowd) leave(c *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.conns, c)
}

// close closes all connections, and those to come.
func (k *crowd) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.shut = true
	for c := range k.conns {
		_ = c.Close()
	}
	clear(k.conns)
}
