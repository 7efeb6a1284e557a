package fast

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// httpConn is what there is about a connection that was passed to net/http. Two goroutines use it: that of the request, and one that
// reads meanwhile.
type httpConn struct {
	header   header
	adapts   bool          // Read is to adapt the next header
	discards bool          // what is written has been sent by the program before
	call     *waiting.Call // of the request, if it asked for one

	mu           sync.Mutex // guards what follows
	message      message
	readDeadline time.Time     // as it was set
	reading      bool          // a read is in progress
	wake         chan struct{} // of a read that is parked; closed when its deadline has passed
	request      *http.Request // that is served
	body         []byte        // what has been received of it
	answered     bool          // the whole request was received, or is refused
	sent         bool          // the header of the answer was sent
}

// toHTTP prepares the connection for net/http.
func (c *conn) toHTTP() {
	h := &httpConn{adapts: true, discards: c.resumed != nil && c.resumed.Sent}
	c.set.mu.Lock()
	defer c.set.mu.Unlock()
	c.http = h
}

// httpCall returns the call of the request.
func (c *conn) httpCall(needed bool) *waiting.Call {
	if c.http.call == nil && (needed || c.resumed != nil) {
		c.http.call = c.call(c)
	}
	return c.http.call
}

// BeginRequest notes that a request is served: its header has been received. It returns where the caller is to put its body.
func BeginRequest(r *http.Request) (body *[]byte) {
	h := connOf(r.Context()).http
	h.mu.Lock()
	defer h.mu.Unlock()
	h.request, h.body = r, nil
	h.message.expect(r)
	return &h.body
}

// BeginAnswer is called when a request has been received whole, or is refused. Unless it is refused, it waits while the servers are
// frozen. From then on, until the response is sent, the connection is protected from being closed as an idle one.
func BeginAnswer(ctx context.Context, refused bool) {
	c := connOf(ctx)
	for !refused && c.set.isFrozen() {
		c.Park(nil, nil)
	}
	c.setActive()
	c.http.mu.Lock()
	c.http.answered = true
	c.http.mu.Unlock()
}

// HeaderSent notes that the header of the answer has been sent, to which the rest is added in parts. If the request is resumed, what was
// written until now was dropped.
func (c *conn) HeaderSent() {
	h := c.http
	h.discards = false
	h.mu.Lock()
	h.sent = true
	h.mu.Unlock()
}

// end is called when a request has been answered.
func (h *httpConn) end() {
	h.call = nil
	h.mu.Lock()
	defer h.mu.Unlock()
	h.request, h.body, h.answered, h.sent, h.message.whole = nil, nil, false, false, false
}

// Frozen implements waiting.Port.
func (c *conn) Frozen() <-chan struct{} { return c.set.Frozen() }

// Park implements waiting.Port, for a request that net/http has received.
func (c *conn) Park(export func() []byte, file *os.File) {
	c.park(func() ConnState {
		s := c.http.export(c)
		if s.file = file; export != nil {
			s.Call = export()
		}
		return s
	})
}

// isSettled reports whether the goroutines stand still; parked: that of the request does.
func (h *httpConn) isSettled(parked bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	reads := h.reading && h.wake == nil
	switch {
	case reads:
		return false
	case parked:
		return true
	case h.request == nil && h.message.whole: // it is about to be served, or refused
		return false
	case h.request == nil, h.message.part != inHeader: // the goroutine of the request reads
		return h.wake != nil
	}
	return false
}

// export returns the state of a connection that is settled.
func (h *httpConn) export(c *conn) ConnState {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := ConnState{Deadline: handover.Time{Time: h.readDeadline}, Sent: h.sent}
	if passed(s.Deadline.Time) && h.request != nil { // net/http has set it to end a read
		s.Deadline.Time = time.Time{}
	}
	switch {
	case h.request == nil:
	case h.answered && h.message.part != inHeader:
		return ConnState{Deadline: s.Deadline, Discards: true}
	default:
		s.Ahead = h.message.appendRequest(nil, h.request, h.body)
	}
	s.Ahead = append(append(s.Ahead, h.message.partial...), c.readAhead...)
	return s
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	h := c.http
	if h == nil {
		return c.Conn.SetReadDeadline(t)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readDeadline = t
	if passed(t) && h.wake != nil {
		close(h.wake)
		h.wake = nil
	}
	if c.set.isFrozen() && !passed(t) {
		return nil // Thaw sets it
	}
	return c.Conn.SetReadDeadline(t)
}

// Read implements net.Conn, for net/http.
func (c *conn) Read(p []byte) (n int, err error) {
	h := c.http
	c.setReading(true)
	defer c.setReading(false)
	if h.adapts {
		h.adapts = false
		if err := c.readHeader(); err != nil {
			return 0, err
		}
	}
	ahead := c.readAhead
	if len(ahead) == 0 {
		if n, err = c.receive(p); n == 0 {
			return 0, err
		}
		ahead = p[:n]
	}
	h.mu.Lock()
	n = h.message.take(ahead[:min(len(p), len(ahead))])
	h.mu.Unlock()
	if len(c.readAhead) > 0 {
		copy(p, ahead[:n])
		c.readAhead = ahead[n:]
	} else if n < len(ahead) {
		c.readAhead, err = bytes.Clone(ahead[n:]), nil // an error occurs again
	}
	if !h.header.add(n) {
		_, _ = c.Write(unavailable)
		return 0, io.EOF // net/http closes the connection without a response of its own
	}
	return n, err
}

// receive reads from the client. It waits while the set is frozen.
func (c *conn) receive(p []byte) (n int, err error) {
	h := c.http
	for {
		if c.set.isFrozen() && c.parkRead() {
			return 0, os.ErrDeadlineExceeded
		}
		n, err = c.read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		h.mu.Lock()
		over := passed(h.readDeadline)
		h.mu.Unlock()
		if over {
			return 0, err
		}
	}
}

func (c *conn) setReading(reading bool) {
	h := c.http
	h.mu.Lock()
	h.reading = reading
	h.mu.Unlock()
	if !reading && c.set.isFrozen() {
		c.set.noteSettled()
	}
}

// parkRead returns when the set is not frozen, or reports that net/http ends the read.
func (c *conn) parkRead() (ended bool) {
	h := c.http
	h.mu.Lock()
	p := c.set.period.Load()
	if over := passed(h.readDeadline); over || !p.isFrozen() {
		h.mu.Unlock()
		return over
	}
	wake := make(chan struct{})
	h.wake = wake
	h.mu.Unlock()
	c.set.noteSettled()
	select {
	case <-p.thawed:
	case <-wake:
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wake = nil
	return false
}
