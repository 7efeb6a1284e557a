package logs

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// Bounds of the queue of a slow target, in bytes. Above highWater, callers that can wait are asked to; above limit, what
// comes is dropped and counted, until the queue is back at highWater.
const (
	highWater = 256 << 10
	limit     = 4 << 20
)

// ErrBehind is returned when a target has been slow for so long that output is dropped.
var ErrBehind = errors.New("its reader does not keep up")

// asyncWriter writes messages to a target that may block: a pipe, a terminal, a socket. What the target accepts at once is
// written at once; the rest is queued, and a goroutine writes it, which exists only while something is queued. All files
// that lead to one target share its asyncWriter. So the order of writes is kept, and the queue is bounded for the target,
// however many files are opened and closed.
type asyncWriter struct {
	try       func(p []byte) (int, error) // does not block; nil: the target has no such write
	write     func(p []byte) (int, error) // may block; ends with os.ErrDeadlineExceeded if it is interrupted
	interrupt func(stop bool)             // has a write end now, and later ones at once, until it is called with false; nil: they end soon
	close     func()
	fd        int         // of the target; without use for syslog
	syslog    *syslogConn // nil: the target has a descriptor, or is journald
	journal   *journalConn
	key       inode
	registry  *registry // nil: none, and it is not closed
	refs      int       // guarded by the registry

	mu           sync.Mutex
	queue        [][]byte
	sent         int           // bytes of the first piece of queue that have been written
	size         int           // bytes in queue
	charged      int           // bytes of budget.Tees that are held for them
	busy         bool          // the goroutine exists
	frozen       bool          // everything is queued
	dropping     bool          // the limit was reached, and the queue has not been back at highWater since
	teesDropping bool          // the same, of what has a budget
	failed       error         // of the goroutine, since the last send
	failures     int64         // bytes lost by that
	accepting    chan struct{} // closed when the queue is back at highWater; nil: not waited for
	empty        chan struct{} // closed when the queue is empty; nil: not waited for
	stopped      chan struct{} // closed when the goroutine has ended; nil: not waited for
}

// send writes p or queues it. Bytes that are neither written nor queued are counted in lost, and err is the reason.
func (w *asyncWriter) send(p []byte) (lost int64, err error) { return w.sendWithin(p, nil) }

// sendWithin is send, and what is queued is held of a budget; nil: none.
func (w *asyncWriter) sendWithin(p []byte, b *budget.Budget) (lost int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		lost, err = w.failures, w.failed
		w.failures, w.failed = 0, nil
	}
	sent := 0
	if !w.busy && !w.frozen && w.try != nil {
		n, failure := w.try(p)
		sent = max(n, 0)
		switch {
		case sent == len(p):
			return lost, err
		case failure != nil && failure != syscall.EAGAIN:
			return lost + int64(len(p)-sent), failure
		}
		if w.syslog == nil { // the next program sends a record from its beginning
			p, sent = p[sent:], 0
		}
	}
	if !w.admits(len(p), b) {
		return lost + int64(len(p)), ErrBehind
	}
	w.queue = append(w.queue, append([]byte(nil), p...))
	w.size += len(p)
	if !w.busy && !w.frozen {
		w.sent = sent
		w.start()
	}
	return lost, err
}

// admits reports whether n more bytes may be queued, of a budget if that is not nil. What comes from further destinations of logs, and so
// has a budget, takes no room from what others write to the same target. The lock is held.
func (w *asyncWriter) admits(n int, b *budget.Budget) bool {
	dropping, size := &w.dropping, w.size-w.charged
	if b != nil {
		dropping, size = &w.teesDropping, w.size
	}
	if *dropping && w.size <= highWater {
		*dropping = false
	}
	if *dropping || size > 0 && size+n > limit || b != nil && !b.Take(int64(n)) {
		*dropping = true
		return false
	}
	if b != nil {
		w.charged += n
	}
	return true
}

// start starts the goroutine. The lock is held.
func (w *asyncWriter) start() {
	w.busy = true
	go w.run()
}

// run writes until the queue is empty, or frozen.
func (w *asyncWriter) run() {
	w.mu.Lock()
	for len(w.queue) > 0 && !w.frozen {
		p := w.queue[0][w.sent:]
		w.mu.Unlock()
		n, err := w.write(p)
		w.mu.Lock()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			w.sent += n
			continue
		}
		w.size -= len(w.queue[0])
		w.queue[0], w.queue, w.sent = nil, w.queue[1:], 0
		if over := w.charged - w.size; over > 0 {
			budget.Tees.Release(int64(over))
			w.charged -= over
		}
		if err != nil {
			w.failed, w.failures = err, w.failures+int64(len(p)-n)
		}
		if w.size <= highWater {
			closeIfWaited(&w.accepting)
		}
	}
	w.busy = false
	if len(w.queue) == 0 {
		w.queue = nil
		closeIfWaited(&w.empty)
	}
	closeIfWaited(&w.stopped)
	w.mu.Unlock()
	if w.registry != nil {
		w.registry.retire(w)
	}
}

// closeIfWaited closes a channel, which is nil if it is not waited for.
func closeIfWaited(c *chan struct{}) {
	if *c != nil {
		close(*c)
		*c = nil
	}
}

// backpressure returns nil up to highWater, else a channel that closes when the queue is back there.
func (w *asyncWriter) backpressure() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.size <= highWater {
		return nil
	}
	if w.accepting == nil {
		w.accepting = make(chan struct{})
	}
	return w.accepting
}

// flushed returns nil if nothing is queued, else a channel that closes when everything has been written.
func (w *asyncWriter) flushed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.busy {
		return nil
	}
	if w.empty == nil {
		w.empty = make(chan struct{})
	}
	return w.empty
}

// inode identifies a target: descriptors that lead to the same one have the same inode.
type inode struct{ dev, ino uint64 }

func inodeOf(info safefile.Info) inode { return inode{info.Dev, info.Ino} }

// registry holds the asyncWriters that are in use or have something queued.
type registry struct {
	mu      sync.Mutex
	at      map[inode]*asyncWriter
	private uint64 // how many were registered by add
	frozen  bool   // so are all asyncWriters
}

var writers = newRegistry()

func newRegistry() *registry { return &registry{at: map[inode]*asyncWriter{}} }

// acquire returns the asyncWriter of what fd leads to. It has a descriptor of its own. Every acquire needs a release.
func (r *registry) acquire(fd int, key inode) (*asyncWriter, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.at[key]
	if w == nil {
		own, err := ownDescriptor(fd)
		if err != nil {
			return nil, err
		}
		w = newAsyncWriter(own)
		r.put(w, key)
	}
	w.refs++
	return w, nil
}

// add registers a private asyncWriter, so that Flush waits for it. It needs a release, too.
func (r *registry) add(w *asyncWriter) *asyncWriter {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.private++
	w.refs = 1
	r.put(w, inode{ino: r.private}) // no file is on device 0
	return w
}

// put registers w. The lock is held.
func (r *registry) put(w *asyncWriter, key inode) {
	w.key, w.registry, w.frozen = key, r, r.frozen
	r.at[key] = w
}

// release ends a use of w. What is queued is written nevertheless.
func (r *registry) release(w *asyncWriter) {
	r.mu.Lock()
	w.refs--
	r.mu.Unlock()
	r.retire(w)
}

// retire closes w if it is neither used nor busy.
func (r *registry) retire(w *asyncWriter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refs == 0 && !w.busy && len(w.queue) == 0 && r.at[w.key] == w {
		delete(r.at, w.key)
		w.close()
	}
}

// Flush waits until everything queued has been written, for no longer than timeout: the reader of a pipe may never read
// again. It returns false if something is left.
func Flush(timeout time.Duration) bool {
	writers.mu.Lock()
	var waits []<-chan struct{}
	for _, w := range writers.at {
		if c := w.flushed(); c != nil {
			waits = append(waits, c)
		}
	}
	writers.mu.Unlock()
	timer := time.NewTimer(timeout)
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

// newAsyncWriter makes an asyncWriter for a descriptor and owns it. While something is queued, a descriptor that does not
// block is in the runtime's poller; with any other a blocked write takes a thread.
func newAsyncWriter(fd int) *asyncWriter {
	w := &asyncWriter{fd: fd}
	w.open()
	return w
}

// open prepares writing to the descriptor.
func (w *asyncWriter) open() {
	flags, err := unix.FcntlInt(uintptr(w.fd), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_NONBLOCK == 0 {
		w.openBlocking()
		return
	}
	file := os.NewFile(uintptr(w.fd), "log")
	w.try = func(p []byte) (int, error) { return writeNow(w.fd, p) }
	w.write, w.close = file.Write, func() { file.Close() }
	w.interrupt = func(stop bool) {
		deadline := time.Time{}
		if stop {
			deadline = time.Unix(1, 0)
		}
		_ = file.SetWriteDeadline(deadline) // a file that has none is written without waiting
	}
}

// writeNow writes as much as a descriptor that does not block accepts at once.
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

// ownDescriptor returns a new descriptor for what fd leads to, one that does not block if that can be had. The flags of fd
// itself stay as they are: it may be shared with other processes, as our standard output is with the shell.
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
