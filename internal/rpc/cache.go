package rpc

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// cache shares the response of one method among the clients that call it in the same second, as long as nothing has
// changed: many dashboards that list a thousand processes then cost little more than one, in time and in memory. A response
// is never older than the last change or the current second.
type cache struct {
	building sync.Mutex // held while a response is built
	mu       sync.Mutex // guards the fields below, and the users of each entry
	last     *entry     // the latest response
	next     *entry     // joined by calls until its building begins
	buffer   []byte     // of an entry that is not used any more
	size     int        // of the latest response
}

var (
	errNotBuilt = errors.New("the response was not built")
	// errTooMany is returned if too many bytes wait to be sent to all clients.
	errTooMany = errors.New("too many bytes of answers wait to be sent")
)

// entry is one response.
type entry struct {
	users    int
	version  uint64 // of the Supervisor, just before the entry was built
	second   int64  // since 1970, just before the entry was built
	built    chan struct{}
	response []byte
	held     int64 // of budget.Answers, as long as it has users
	err      error
}

// get returns the response of method m. done must be called when it has been sent.
func (c *cache) get(s *Server, m *Method) (response []byte, done func(), err error) {
	if err := s.ops.CheckRunning(); err != nil {
		return nil, nil, err
	}
	c.mu.Lock()
	if e := c.last; e.isCurrent(s.sup) {
		defer c.mu.Unlock()
		if e.users == 0 && !e.take() {
			return nil, nil, errTooMany
		}
		e.users++
		return e.response, func() { c.release(e) }, nil
	}
	e := c.next
	first := e == nil
	if first {
		e = &entry{built: make(chan struct{})}
		c.next = e
	}
	e.users++
	c.mu.Unlock()
	if first {
		c.build(s, m, e)
	}
	<-e.built
	if e.err != nil {
		return nil, nil, e.err
	}
	return e.response, func() { c.release(e) }, nil
}

func (e *entry) isCurrent(sup *supervisor.Supervisor) bool {
	return e != nil && e.version == sup.Version() && e.second == time.Now().Unix()
}

// build builds the response of c.next, which no further call can join.
func (c *cache) build(s *Server, m *Method, e *entry) {
	c.building.Lock()
	defer c.building.Unlock()
	defer close(e.built)
	e.err = errNotBuilt // after a panic
	c.mu.Lock()
	c.next = nil
	buffer := c.buffer
	c.buffer = nil
	if cap(buffer) < c.size {
		buffer = make([]byte, 0, c.size+c.size/8)
	}
	c.mu.Unlock()
	e.version, e.second = s.sup.Version(), time.Now().Unix()
	write, err := m.Do(s, access.With(context.Background(), access.System), nil)
	if err != nil {
		e.err = err
		return
	}
	enc := xmlrpc.NewEncoder(buffer[:0])
	write(enc)
	if e.response = enc.Finish(); !e.take() {
		e.err = errTooMany
		return
	}
	e.err = nil
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size = len(e.response)
	before := c.last
	c.last = e
	c.recycle(before)
}

// release ends one use of an entry.
func (c *cache) release(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.users--; e.users == 0 {
		budget.Answers.Release(e.held)
	}
	c.recycle(e)
}

// take counts the response of an entry as one that waits to be sent, once for all its users.
func (e *entry) take() bool {
	e.held = 0
	if size := int64(cap(e.response)); size > budget.SmallAnswer {
		e.held = size
	}
	return budget.Answers.Take(e.held)
}

// maxBuffer is the size of the largest buffer that is kept, in bytes. No list of processes is longer.
const maxBuffer = 8 << 20

// recycle keeps the buffer of an entry that is neither used nor the latest.
func (c *cache) recycle(e *entry) {
	if e == nil || e == c.last || e.users > 0 || cap(e.response) > maxBuffer {
		return
	}
	c.buffer, e.response = e.response[:0], nil
}

// Release drops the responses that are kept for further calls, and the memory that is kept for further responses. What is being
// sent is not affected.
func (s *Server) Release() {
	for _, c := range s.caches {
		c.mu.Lock()
		c.last, c.buffer = nil, nil
		c.mu.Unlock()
	}
}
