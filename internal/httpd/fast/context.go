package fast

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// callContext is the context of a simple request. It is canceled when the client disconnects. Nearly all calls return at
// once and never use Done; only a call that does has its connection watched, by a goroutine.
type callContext struct {
	conn    *conn // whose readAhead is what was received, from the request on
	caller  *access.Caller
	mu      sync.Mutex
	watcher *watcher      // nil until Done is called
	over    bool          // the call has returned: Done no longer starts watch
	ahead   readAhead     // of watch
	call    *waiting.Call // nil until the call waits
}

// watcher is the goroutine that watches the connection of a call.
type watcher struct {
	done  chan struct{} // closed when the client has disconnected
	quit  chan struct{} // closed when the call has returned
	ended chan struct{} // closed when watch has returned
	still chan struct{} // has a value while watch does not read because the set is frozen
}

// readAhead is what a watched connection has received: the first byte of the next request, if any.
type readAhead struct {
	watched bool // the read deadline was changed
	bytes   []byte
}

// Deadline implements context.Context: there is none.
func (c *callContext) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements context.Context. There are only the caller, the client and the call.
func (c *callContext) Value(k any) any {
	if access.IsKey(k) {
		return c.caller
	}
	if access.IsClientKey(k) {
		return c.conn
	}
	is, needed := waiting.IsKey(k)
	if !is {
		return nil
	}
	if c.call == nil && (needed || c.conn.resumed != nil) {
		c.call = c.conn.call(c)
	}
	return c.call
}

// Done implements context.Context.
func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watcher == nil {
		c.watcher = &watcher{make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{}, 1)}
		if c.over {
			close(c.watcher.done)
		} else {
			go c.watch(c.watcher)
		}
	}
	return c.watcher.done
}

// Err implements context.Context. It is nil if Done was never called.
func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watcher == nil {
		return nil
	}
	select {
	case <-c.watcher.done:
		return context.Canceled
	default:
		return nil
	}
}

// watch returns when the client disconnects or sends more, or when end is called.
func (c *callContext) watch(w *watcher) {
	defer close(w.ended)
	first := make([]byte, 1)
	n, err := c.read(w, first)
	c.ahead = readAhead{true, first[:n]}
	if n == 0 && !errors.Is(err, os.ErrDeadlineExceeded) {
		close(w.done)
	}
}

// read reads from the connection, except while the set is frozen.
func (c *callContext) read(w *watcher, p []byte) (n int, err error) {
	for {
		_ = c.conn.Conn.SetReadDeadline(time.Time{})
		if p := c.conn.set.period.Load(); p.isFrozen() {
			w.still <- struct{}{}
			select {
			case <-p.thawed:
			case <-w.quit:
			}
			<-w.still
		}
		select {
		case <-w.quit:
			return 0, os.ErrDeadlineExceeded
		default:
		}
		n, err = c.conn.read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}

// Frozen implements waiting.Port.
func (c *callContext) Frozen() <-chan struct{} { return c.conn.set.Frozen() }

// Park implements waiting.Port.
func (c *callContext) Park(export func() []byte, file *os.File) {
	c.mu.Lock()
	w := c.watcher
	c.mu.Unlock()
	if w != nil {
		select {
		case <-w.ended:
		case <-w.still:
			w.still <- struct{}{}
		}
	}
	c.conn.park(func() ConnState {
		return ConnState{Ahead: append(bytes.Clone(c.conn.readAhead), c.ahead.bytes...), Call: export(), file: file}
	})
}

// end is called when the call has returned.
func (c *callContext) end() readAhead {
	c.mu.Lock()
	c.over = true
	w := c.watcher
	c.mu.Unlock()
	if w == nil {
		return readAhead{}
	}
	close(w.quit)
	_ = c.conn.SetReadDeadline(time.Now())
	<-w.ended
	return c.ahead
}
