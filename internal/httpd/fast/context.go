package fast

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// callContext is the context of a simple request. It is canceled when the client disconnects. Nearly all calls return at
// once and never use Done; only a call that does has its connection watched, by a goroutine.
type callContext struct {
	conn  *conn
	mu    sync.Mutex
	done  chan struct{} // closed when the client has disconnected; nil until Done is called
	ended chan struct{} // closed when watch has returned
	over  bool          // the call has returned: Done no longer starts watch
	ahead readAhead     // of watch
}

// readAhead is what a watched connection has received: the first byte of the next request, if any.
type readAhead struct {
	watched bool // the read deadline was changed
	bytes   []byte
}

// Deadline implements context.Context: there is none.
func (c *callContext) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements context.Context: there are none.
func (c *callContext) Value(any) any { return nil }

// Done implements context.Context.
func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done, c.ended = make(chan struct{}), make(chan struct{})
		if c.over {
			close(c.done)
		} else {
			go c.watch()
		}
	}
	return c.done
}

// Err implements context.Context. It is nil if Done was never called.
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		return nil
	}
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

// watch returns when the client disconnects or sends more, or when end is called.
func (c *callContext) watch() {
	defer close(c.ended)
	first := make([]byte, 1)
	_ = c.conn.SetReadDeadline(time.Time{})
	c.mu.Lock()
	if c.over {
		_ = c.conn.SetReadDeadline(time.Now())
	}
	c.mu.Unlock()
	n, err := c.conn.Conn.Read(first)
	c.ahead = readAhead{true, first[:n]}
	if n == 0 && !errors.Is(err, os.ErrDeadlineExceeded) {
		close(c.done)
	}
}

// end is called when the call has returned.
func (c *callContext) end() readAhead {
	c.mu.Lock()
	c.over = true
	ended := c.ended
	if ended != nil {
		_ = c.conn.SetReadDeadline(time.Now())
	}
	c.mu.Unlock()
	if ended == nil {
		return readAhead{}
	}
	<-ended
	return c.ahead
}
