package fast

import (
	"net"
	"os"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// ConnState is a connection of a frozen set. The next program serves it as a new one that has sent Ahead, and answers with Rest first.
type ConnState struct {
	FD       int           `json:"fd"`
	Server   int           `json:"server,omitempty"`   // Options.Server
	Fresh    bool          `json:"fresh,omitempty"`    // no request has been answered
	Ahead    []byte        `json:"ahead,omitempty"`    // what was received: requests that are not answered, the last perhaps in part
	Deadline handover.Time `json:"deadline,omitzero"`  // for the next bytes
	Call     []byte        `json:"call,omitempty"`     // what the first request has done, as a waiting.Call
	File     *int          `json:"file,omitempty"`     // the descriptor of the file that it sends
	Sent     bool          `json:"sent,omitempty"`     // the header of its answer was sent
	Rest     []byte        `json:"rest,omitempty"`     // of answers, to be sent
	Patient  bool          `json:"patient,omitempty"`  // the client may take as long for it as an idle connection waits
	Closes   bool          `json:"closes,omitempty"`   // when that is sent
	Discards bool          `json:"discards,omitempty"` // what still comes, until the client disconnects: its request was refused
	file     *os.File      // for File, before and after
}

// Purposes of descriptors.
const (
	connPurpose = "connection of a client"
	filePurpose = "log that is sent to a client"
)

// period is the time from one thaw to the next.
type period struct {
	frozen chan struct{} // closed when the set is frozen
	thawed chan struct{} // closed at the end
}

func newPeriod() *period { return &period{make(chan struct{}), make(chan struct{})} }

func (p *period) isFrozen() bool {
	select {
	case <-p.frozen:
		return true
	default:
		return false
	}
}

// Frozen returns a channel that closes when whatever waits for long is to be parked.
func (s *Set) Frozen() <-chan struct{} { return s.period.Load().frozen }

func (s *Set) isFrozen() bool { return s.period.Load().isFrozen() }

// past is a deadline that interrupts what is in progress.
var past = time.Unix(1, 0)

// passed reports whether a deadline has passed; the zero time is none.
func passed(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }

// Freeze begins to freeze the set: no connection begins to serve a request, or reads or writes any more. Settle waits for those that do.
func (s *Set) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parked = map[*conn]func() ConnState{}
	close(s.period.Load().frozen)
	for c := range s.all {
		if h := c.http; h != nil {
			h.mu.Lock()
			_ = c.Conn.SetReadDeadline(past)
			h.mu.Unlock()
		} else {
			_ = c.Conn.SetReadDeadline(past)
		}
		_ = c.Conn.SetWriteDeadline(past)
	}
}

// Settle waits until all connections stand still. It returns false if they do not until the deadline.
func (s *Set) Settle(deadline time.Time) bool {
	late := time.NewTimer(time.Until(deadline))
	defer late.Stop()
	for !s.settled() {
		select {
		case <-s.changed:
		case <-late.C:
			return s.settled()
		}
	}
	return true
}

func (s *Set) settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		if c.rest != nil && c.rest.sending || !c.isSettled() {
			return false
		}
	}
	return true
}

// isSettled reports whether the goroutines of the connection stand still. The caller holds the lock of the set.
func (c *conn) isSettled() bool {
	_, parked := c.set.parked[c]
	switch {
	case c.rest != nil && c.rest.closes: // what it was is over
		return true
	case c.http == nil:
		return parked
	}
	return c.http.isSettled(parked)
}

// noteSettled has Settle look again.
func (s *Set) noteSettled() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// park returns when the set is not frozen. Meanwhile export may be called.
func (c *conn) park(export func() ConnState) {
	s := c.set
	s.mu.Lock()
	p := s.period.Load()
	if !p.isFrozen() {
		s.mu.Unlock()
		return
	}
	s.parked[c] = export
	s.mu.Unlock()
	s.noteSettled()
	<-p.thawed
}

// Thaw lets all connections go on.
func (s *Set) Thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.period.Load()
	if !before.isFrozen() {
		return
	}
	s.parked = nil
	s.period.Store(newPeriod())
	for c := range s.all {
		if h := c.http; h != nil {
			h.mu.Lock()
			_ = c.Conn.SetReadDeadline(h.readDeadline)
			h.mu.Unlock()
		}
		if r := c.rest; r != nil && !r.begun {
			r.send(c)
		}
	}
	close(before.thawed)
}

// Export returns the connections of a frozen set, that which has waited longest first. It returns none of a set that is not frozen.
func (s *Set) Export(w *handover.Writer) (states []ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isFrozen() {
		return nil
	}
	for _, c := range s.byAge() {
		state := c.export()
		state.Server, state.Fresh, state.Patient = c.server, c.fresh.Load(), c.patient.Load()
		state.FD = w.Descriptor(Descriptor(c.Conn), connPurpose)
		if state.file != nil {
			fd := w.Descriptor(Descriptor(state.file), filePurpose)
			state.File = &fd
		}
		states = append(states, state)
	}
	return states
}

// export returns what is to be served. The caller holds the lock of the set.
func (c *conn) export() (state ConnState) {
	if c.secure != nil {
		return c.secure.export()
	}
	if export := c.set.parked[c]; export != nil {
		state = export()
	} else if c.http != nil {
		state = c.http.export(c)
	}
	if before := c.resumed; before != nil { // the request has not begun again
		state.Call, state.Sent, state.file = before.Call, before.Sent, before.file
	}
	if c.discards {
		state = ConnState{Discards: true}
	}
	if r := c.rest; r != nil && r.closes {
		return ConnState{Rest: r.bytes, Closes: true}
	} else if r != nil {
		state.Rest = r.bytes
	}
	return state
}

// Claim takes over the descriptors of a connection.
func (s *ConnState) Claim(r *handover.Reader) {
	s.FD = r.Descriptor(s.FD, connPurpose)
	if s.File != nil {
		*s.File = r.Descriptor(*s.File, filePurpose)
	}
}

// Open opens the connection of a state whose descriptors were claimed.
func (s *ConnState) Open() (net.Conn, error) {
	if s.File != nil {
		s.file = os.NewFile(uintptr(*s.File), filePurpose)
	}
	f := os.NewFile(uintptr(s.FD), connPurpose)
	defer f.Close()
	return net.FileConn(f)
}

// rest is of an answer that was to be sent when the set was frozen. The lock of the set guards it.
type rest struct {
	bytes   []byte
	held    int64 // of budget.Answers
	closes  bool  // the connection is to be closed when all is sent
	begun   bool  // it is being sent since the last Thaw, or will be when a freeze ends
	sending bool
	sent    chan struct{} // closed when all is sent, or err is set
	err     error
}

// pending returns the rest that can be added to. The caller holds the lock of the set.
func (c *conn) pending() *rest {
	if c.rest == nil || c.rest.over() {
		c.rest = &rest{sent: make(chan struct{})}
	}
	return c.rest
}

func (r *rest) over() bool {
	select {
	case <-r.sent:
		return true
	default:
		return false
	}
}

// add appends to the rest. Beyond its limit, budget.Answers does not refuse what it has counted until now.
func (r *rest) add(p []byte) {
	r.bytes = append(r.bytes, p...)
	if n := int64(len(p)); budget.Answers.Take(n) {
		r.held += n
	}
}

// absorb keeps what is to be written for Thaw, or the next program. It returns false if the set is not frozen.
func (c *conn) absorb(p []byte) bool {
	c.set.mu.Lock()
	defer c.set.mu.Unlock()
	if !c.set.isFrozen() || c.set.closed {
		return false
	}
	c.pending().add(p)
	return true
}

// afterRest waits until the rest of earlier answers is sent. If the set is frozen, it absorbs p.
func (c *conn) afterRest(p []byte) (absorbed bool, err error) {
	for c.rest != nil {
		if c.set.isFrozen() && c.absorb(p) {
			return true, nil
		}
		select {
		case <-c.rest.sent:
			c.set.mu.Lock()
			err = c.rest.err
			c.rest = nil
			c.set.mu.Unlock()
			return false, err
		case <-c.set.Frozen():
		}
	}
	return false, nil
}

// awaitRest waits until the rest of earlier answers is sent, or cannot be.
func (c *conn) awaitRest() {
	c.set.mu.Lock()
	r := c.rest
	c.set.mu.Unlock()
	if r != nil {
		<-r.sent
	}
}

// closeLater has the connection closed when its rest is sent, if the set is frozen.
func (c *conn) closeLater() bool {
	c.set.mu.Lock()
	defer c.set.mu.Unlock()
	if !c.set.isFrozen() || c.set.closed {
		return false
	}
	c.pending().closes = true
	c.set.noteSettled()
	return true
}

// send sends the rest in a goroutine of its own. The caller holds the lock of the set.
func (r *rest) send(c *conn) {
	r.begun, r.sending = true, true
	go func() {
		for !c.sendPart(r) {
		}
	}()
}

// end notes that all is sent, or cannot be. The caller holds the lock of the set.
func (r *rest) end(err error) {
	budget.Answers.Release(r.held)
	r.bytes, r.held, r.sending, r.begun, r.err = nil, 0, false, true, err
	close(r.sent)
}

// sendPart sends a part of the rest, or waits while the set is frozen. It reports whether that was all.
func (c *conn) sendPart(r *rest) (over bool) {
	s := c.set
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.period.Load(); p.isFrozen() && len(r.bytes) > 0 {
		r.sending = false
		s.noteSettled()
		s.mu.Unlock()
		<-p.thawed
		s.mu.Lock()
		r.sending = !s.isFrozen()
		return false
	}
	if len(r.bytes) > 0 {
		part := r.bytes[:min(len(r.bytes), PartSize)]
		s.mu.Unlock()
		deadline := time.Now().Add(c.timeout())
		_ = c.Conn.SetWriteDeadline(deadline)
		if s.isFrozen() || c.ended.Load() {
			_ = c.Conn.SetWriteDeadline(past)
		}
		n, err := c.Conn.Write(part)
		s.mu.Lock()
		r.bytes = r.bytes[n:]
		if err == nil || isInterrupted(err, deadline) && !c.ended.Load() {
			return false
		}
		_ = c.Conn.Close()
		r.end(err)
	} else {
		r.end(nil)
	}
	s.noteSettled()
	if r.closes {
		s.forget(c)
		_ = c.closeWrite()
		_ = c.Conn.Close()
	}
	return true
}
