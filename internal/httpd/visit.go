package httpd

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// visit is the context of a plain call: it ends when the client goes. Nearly all calls are answered at once and never ask
// for its Done; only then does somebody watch the connection.
type visit struct {
	conn  *conn
	mu    sync.Mutex
	done  chan struct{} // closed when the client is gone; nil: nobody asked
	ended chan struct{} // closed when the watching is over
	over  bool          // the answer is there: whoever asks now gets no watching
	early early
}

// early is what came while a connection was watched: the beginning of the next request, if anything.
type early struct {
	watched bool // the connection needs a new deadline for reading
	bytes   []byte
}

func (v *visit) Deadline() (time.Time, bool) { return time.Time{}, false }
func (v *visit) Value(any) any               { return nil }

// Done is closed when the client goes before it has its answer.
func (v *visit) Done() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.done == nil {
		v.done, v.ended = make(chan struct{}), make(chan struct{})
		if v.over {
			close(v.done)
		} else {
			go v.watch()
		}
	}
	return v.done
}

// Err tells whether the client has gone.
func (v *visit) Err() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.done == nil {
		return nil
	}
	select {
	case <-v.done:
		return context.Canceled
	default:
		return nil
	}
}

// watch waits for the client to go, to send more, or for the end of the visit.
func (v *visit) watch() {
	defer close(v.ended)
	first := make([]byte, 1)
	_ = v.conn.SetReadDeadline(time.Time{})
	v.mu.Lock()
	if v.over {
		_ = v.conn.SetReadDeadline(time.Now())
	}
	v.mu.Unlock()
	n, err := v.conn.Conn.Read(first)
	v.early = early{true, first[:n]}
	if n == 0 && !errors.Is(err, os.ErrDeadlineExceeded) {
		close(v.done)
	}
}

// end ends the visit.
func (v *visit) end() early {
	v.mu.Lock()
	v.over = true
	watched := v.ended
	if watched != nil {
		_ = v.conn.SetReadDeadline(time.Now())
	}
	v.mu.Unlock()
	if watched == nil {
		return early{}
	}
	<-watched
	return v.early
}
