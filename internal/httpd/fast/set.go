package fast

import (
	"cmp"
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// Kind is the kind of a server, and of its connections.
type Kind uint8

// Clients of TCP servers take no connections from those of Unix sockets, and leave them descriptors.
const (
	TCP Kind = iota
	Unix
	kinds
)

// Set is the connections of all servers. It keeps them within the budgets: of their number, and of descriptors. An accepted
// connection has the lowest descriptor that is free, so its number alone says how many are in use, without a system call.
type Set struct {
	sequence atomic.Int64 // counts the times at which a connection became idle
	files    int          // limit of open files; 0: none
	first    [kinds]int   // the first of the last descriptors, of which a kind gets few
	mu       sync.Mutex
	conns    [kinds]map[*conn]struct{}
	last     [kinds]int // connections that have one of the last descriptors
	closed   bool
	fresh    sync.WaitGroup // the connections that are fresh
	period   atomic.Pointer[period]
	changed  chan struct{}              // has a value when Settle is to look again
	parked   map[*conn]func() ConnState // while the set is frozen: how to export what stands still
}

// mayHaveLast is how many connections of a kind may have one of the last descriptors, and another one for a log that they
// follow, so that clients can connect also when programs have taken all others.
var mayHaveLast = [kinds]int{TCP: 6, Unix: 9}

// NewSet returns an empty set, for the present limit of open files.
func NewSet() *Set {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return newSet(0)
	}
	return newSet(uint64(limit.Cur)) // int64 on FreeBSD
}

// newSet is NewSet for the given limit.
func newSet(limit uint64) *Set {
	s := &Set{changed: make(chan struct{}, 1)}
	s.period.Store(newPeriod())
	for kind := range s.conns {
		s.conns[kind] = map[*conn]struct{}{}
	}
	if 0 < limit && limit < 1<<30 {
		s.files = int(limit)
		s.first[TCP] = s.files - min(s.files/2, int(budget.TCPDescriptors.Limit))
		s.first[Unix] = s.files - min(s.files/4, int(budget.UnixDescriptors.Limit))
	}
	return s
}

// MayFollow reports whether this many logs may be sent to clients at a time: a quarter of the limit of open files, because
// each takes two descriptors.
func (s *Set) MayFollow(logs int64) bool { return s.files == 0 || logs <= int64(s.files/4) }

// Fits reports whether the connection of a request may have the descriptor of f as well. Ctx is the context of the request.
func Fits(ctx context.Context, f syscall.Conn) bool {
	c := ctx.Value(connKey{}).(*conn)
	if c.last || !c.set.isLast(f, c.kind) {
		return true
	}
	c.set.mu.Lock()
	defer c.set.mu.Unlock()
	return c.set.free(c.kind)
}

// add adds a new connection. It returns false if there is no place for it; then it is not in the set.
func (s *Set) add(raw net.Conn, kind Kind) (c *conn, ok bool) {
	c = &conn{Conn: raw, set: s, kind: kind}
	c.last = s.isLast(raw, kind)
	c.setIdle()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = raw.Close()
		return c, true
	}
	if int64(len(s.conns[kind])) >= budget.Connections.Limit && !s.evict(kind, 0, nil) {
		return c, false
	}
	if c.last && !s.spare(kind) {
		return c, false
	}
	s.insert(c)
	if int64(len(s.conns[kind])) > budget.Waiting.Limit {
		s.evict(kind, int(budget.Waiting.Limit), nil)
	}
	return c, true
}

// insert adds a connection. The caller holds the lock.
func (s *Set) insert(c *conn) {
	s.conns[c.kind][c] = struct{}{}
	c.fresh.Store(true)
	s.fresh.Add(1)
	if c.last {
		s.last[c.kind]++
	}
}

// adopt adds a connection of an earlier program, which had a place there.
func (s *Set) adopt(raw net.Conn, kind Kind, state *ConnState) (c *conn) {
	c = &conn{Conn: raw, set: s, kind: kind, last: s.isLast(raw, kind), readAhead: state.Ahead}
	if state.Call != nil || !state.Deadline.IsZero() {
		c.resumed = state
	}
	c.patient.Store(state.Patient)
	c.setIdle()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.insert(c)
	if len(state.Rest) > 0 || state.Closes {
		r := c.pending()
		r.add(state.Rest)
		r.closes = state.Closes
		r.send(c)
	}
	return c
}

// all yields all connections. The caller holds the lock.
func (s *Set) all(yield func(*conn) bool) {
	for _, conns := range s.conns {
		for c := range conns {
			if !yield(c) {
				return
			}
		}
	}
}

// byAge returns all connections, that first which has waited longest. The caller holds the lock.
func (s *Set) byAge() []*conn {
	list := slices.Collect(s.all)
	slices.SortFunc(list, func(a, b *conn) int { return cmp.Compare(a.idleSince.Load(), b.idleSince.Load()) })
	return list
}

// isLast reports whether the descriptor of f is one of the last, which clients of this kind leave to others.
func (s *Set) isLast(f any, kind Kind) bool {
	return s.files > 0 && Descriptor(f) >= s.first[kind]
}

// Descriptor returns the descriptor of a connection, a socket or a file, -1 if it has none.
func Descriptor(f any) (fd int) {
	fd = -1
	file, ok := f.(syscall.Conn)
	if !ok {
		return fd
	}
	if raw, err := file.SyscallConn(); err == nil {
		_ = raw.Control(func(number uintptr) { fd = int(number) })
	}
	return fd
}

// spare frees descriptors when a connection has got one of the last, and reports whether it may keep that one. The caller
// holds the lock.
func (s *Set) spare(kind Kind) bool {
	s.free(kind)
	return s.last[kind] < mayHaveLast[kind] || s.evict(kind, 0, (*conn).hasLast)
}

// free closes connections that have waited longest, of TCP servers if there are any, so that a client of this kind leaves
// descriptors to others. It returns false if there were none. The caller holds the lock.
func (s *Set) free(kind Kind) (freed bool) {
	const most = 4 // more than one, because the next connections get the descriptors that become free
	for from := TCP; from <= kind && !freed; from++ {
		for range most {
			if !s.evict(from, 0, (*conn).isBelowLast) {
				break
			}
			freed = true
		}
	}
	return freed
}

func (c *conn) hasLast() bool     { return c.last }
func (c *conn) isBelowLast() bool { return !c.last }

// evict closes the connection of a kind that has waited longest if more than allowed wait. If only is not nil, it counts
// the connections for which only is true. The caller holds the lock.
func (s *Set) evict(kind Kind, allowed int, only func(*conn) bool) bool {
	var oldest *conn
	var first int64
	waiting := 0
	for c := range s.conns[kind] {
		since := c.idleSince.Load()
		if since == 0 || only != nil && !only(c) {
			continue
		}
		if waiting++; oldest == nil || since < first {
			oldest, first = c, since
		}
	}
	if waiting <= allowed {
		return false
	}
	s.forget(oldest)
	_ = oldest.Conn.Close()
	return true
}

// outOfDescriptors closes the connection that has waited longest, of a TCP server if there is one, to free its descriptor.
func (s *Set) outOfDescriptors() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.evict(TCP, 0, nil) || s.evict(Unix, 0, nil)
}

// remove removes a connection that was passed on.
func (s *Set) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(c)
	s.noteSettled()
}

// removeClosed removes a connection that was closed, unless it is to be closed later.
func (s *Set) removeClosed(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.rest == nil || !c.rest.closes || c.rest.over() {
		s.forget(c)
		s.noteSettled()
	}
}

// forget is remove for a caller that holds the lock.
func (s *Set) forget(c *conn) {
	if _, ok := s.conns[c.kind][c]; !ok {
		return
	}
	delete(s.conns[c.kind], c)
	if c.last {
		s.last[c.kind]--
	}
}

// Leave makes the connections whose first request has not come leave, and waits until they have. The acceptors have returned, and
// their channels Closed are closed.
func (s *Set) Leave() {
	s.mu.Lock()
	for kind := range s.conns {
		for c := range s.conns[kind] {
			if c.fresh.Load() {
				_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
			}
		}
	}
	s.mu.Unlock()
	s.fresh.Wait()
}

// Close closes all connections and those that are added later.
func (s *Set) Close() {
	s.mu.Lock()
	s.closed = true
	var ends sync.WaitGroup
	for c := range s.all {
		if c.secure != nil && c.rest == nil && c.idleSince.Load() != 0 {
			ends.Go(c.secure.goodbye)
		}
	}
	s.mu.Unlock()
	ends.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for kind := range s.conns {
		for c := range s.conns[kind] {
			_ = c.Conn.Close()
			if r := c.rest; r != nil && !r.begun {
				r.end(net.ErrClosed)
			}
		}
		clear(s.conns[kind])
	}
	clear(s.last[:])
}
