package logs

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// What waits for a target that takes nothing, in bytes: from roomy on, those who can wait are asked to; beyond full, what
// comes is dropped and counted until there is room again.
const (
	roomy = 256 << 10
	full  = 4 << 20
)

// ErrBehind says that a target has taken nothing for so long that output is being dropped.
var ErrBehind = errors.New("its reader does not keep up")

// relay carries messages to a target whose reader may keep a writer waiting: a pipe, a terminal, a socket. It writes at
// once what the target takes at once; the rest waits in a queue, and a goroutine that exists as long as there is a rest
// writes it. Nobody who sends ever waits. All files that lead to one target share its relay, and so their order is kept
// and what may wait is bounded whatever comes and goes.
type relay struct {
	try   func(p []byte) (int, error) // does not wait; nil: there is no such way
	write func(p []byte) (int, error) // may wait
	close func()
	key   inode
	refs  int // guarded by targets

	mu       sync.Mutex
	queue    [][]byte
	size     int           // bytes in queue
	busy     bool          // the goroutine is there
	dropping bool          // the queue was full and has not been roomy since
	failed   error         // what the goroutine met since somebody looked
	failures int64         // bytes that were lost by that
	room     chan struct{} // closes when there is room again; nil while nobody asks
	idle     chan struct{} // closes when the queue is empty; nil while nobody asks
}

// send writes p or keeps it for later. What is neither is counted in lost, and err says why.
func (r *relay) send(p []byte) (lost int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		lost, err = r.failures, r.failed
		r.failures, r.failed = 0, nil
	}
	if !r.busy && r.try != nil {
		n, failure := r.try(p)
		p = p[max(n, 0):]
		switch {
		case len(p) == 0:
			return lost, err
		case failure != nil && failure != syscall.EAGAIN:
			return lost + int64(len(p)), failure
		}
	}
	if r.dropping && r.size <= roomy {
		r.dropping = false
	}
	if r.dropping || r.size > 0 && r.size+len(p) > full {
		r.dropping = true
		return lost + int64(len(p)), ErrBehind
	}
	r.queue = append(r.queue, append([]byte(nil), p...))
	r.size += len(p)
	if !r.busy {
		r.busy = true
		go r.run()
	}
	return lost, err
}

// run writes until nothing is left.
func (r *relay) run() {
	r.mu.Lock()
	for len(r.queue) > 0 {
		p := r.queue[0]
		r.queue[0], r.queue = nil, r.queue[1:]
		r.mu.Unlock()
		n, err := r.write(p)
		r.mu.Lock()
		r.size -= len(p)
		if err != nil {
			r.failed, r.failures = err, r.failures+int64(len(p)-n)
		}
		if r.room != nil && r.size <= roomy {
			close(r.room)
			r.room = nil
		}
	}
	r.queue, r.busy = nil, false
	if r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
	r.mu.Unlock()
	targets.retire(r)
}

// roomLater is nil while there is room, else a channel that closes when there is room again.
func (r *relay) roomLater() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.size <= roomy {
		return nil
	}
	if r.room == nil {
		r.room = make(chan struct{})
	}
	return r.room
}

// empty closes when everything has been written; it is nil if nothing waits.
func (r *relay) empty() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.busy {
		return nil
	}
	if r.idle == nil {
		r.idle = make(chan struct{})
	}
	return r.idle
}

// inode is what two descriptors have in common that lead to the same target.
type inode struct{ dev, ino uint64 }

func inodeOf(st *syscall.Stat_t) inode { return inode{uint64(st.Dev), uint64(st.Ino)} }

// relays are the targets in use, or with something left to write.
type relays struct {
	mu  sync.Mutex
	at  map[inode]*relay
	own uint64 // relays without a file so far
}

var targets = relays{at: map[inode]*relay{}}

// acquire is the relay of what fd leads to. It keeps a descriptor of its own. Every acquire needs a release.
func (t *relays) acquire(fd int, st *syscall.Stat_t) (*relay, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := inodeOf(st)
	r := t.at[key]
	if r == nil {
		own, err := ownDescriptor(fd)
		if err != nil {
			return nil, err
		}
		r = newRelay(own)
		r.key = key
		t.at[key] = r
	}
	r.refs++
	return r, nil
}

// add takes in a relay that is nobody else's, so that Flush waits for it. It needs a release, too.
func (t *relays) add(r *relay) *relay {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.own++
	r.key, r.refs = inode{ino: t.own}, 1 // device 0 has no files
	t.at[r.key] = r
	return r
}

// release gives a relay back. What still waits is written nevertheless.
func (t *relays) release(r *relay) {
	t.mu.Lock()
	r.refs--
	t.mu.Unlock()
	t.retire(r)
}

// retire closes the relay if nobody needs it any more.
func (t *relays) retire(r *relay) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refs == 0 && !r.busy && t.at[r.key] == r {
		delete(t.at, r.key)
		r.close()
	}
}

// Flush waits until all targets have taken what waits for them, but no longer than patience: the reader of a pipe may
// never read again. It returns false when something is left.
func Flush(patience time.Duration) bool {
	targets.mu.Lock()
	var waits []<-chan struct{}
	for _, r := range targets.at {
		if c := r.empty(); c != nil {
			waits = append(waits, c)
		}
	}
	targets.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for _, c := range waits {
		select {
		case <-c:
		case <-timer.C:
			return false
		}
	}
	return true
}

// newRelay makes a relay of a descriptor, which it owns. One that does not block is in the runtime's poller while
// something waits; with any other a wait costs a thread.
func newRelay(fd int) *relay {
	file := os.NewFile(uintptr(fd), "log")
	r := &relay{write: file.Write, close: func() { file.Close() }}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err == nil && flags&unix.O_NONBLOCK != 0 {
		r.try = func(p []byte) (int, error) { return writeNow(fd, p) }
	}
	return r
}

// writeNow writes what a descriptor that does not block takes at once.
func writeNow(fd int, p []byte) (written int, err error) {
	for written < len(p) {
		n, err := syscall.Write(fd, p[written:])
		switch {
		case n > 0:
			written += n
		case err == syscall.EINTR:
		case err == nil:
			return written, syscall.EIO
		default:
			return written, err
		}
	}
	return written, nil
}

// ownDescriptor is a descriptor for what fd leads to. It does not block if there is such a way: fd itself may be shared
// with others, such as our standard output with the shell, and must stay as it is.
func ownDescriptor(fd int) (int, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return -1, err
	}
	if flags&unix.O_NONBLOCK == 0 {
		if own, err := reopen(fd); err == nil {
			return own, nil
		}
	}
	return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
}
