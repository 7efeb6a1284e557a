package pump

import (
	"errors"
	"sync"

	"golang.org/x/sys/unix"
)

const fionread = unix.TIOCINQ

// Pump is an epoll instance and a thread that waits for it. It waits in the system call and not in the runtime's poller.
// The poller would save the thread, but each event of a listener that answers quickly would take two more system calls and
// several wake-ups among the runtime's threads, which is more than everything else about it.
type Pump struct {
	ep   int
	stop int // an eventfd that ends the thread

	mu    sync.Mutex
	pipes []*Pipe // by slot; nil: free
	free  []int
	large int // how many pipes are enlarged
}

// maxLarge is how many pipes may be enlarged: the kernel limits the pages of all pipes of a user.
const maxLarge = 16

// New makes a pump and starts its goroutine, which ends with Close.
func New() (*Pump, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	m := &Pump{ep: ep}
	if m.stop, err = unix.Eventfd(0, unix.EFD_CLOEXEC); err != nil {
		unix.Close(ep)
		return nil, err
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(m.stop), Pad: stopSlot}
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, m.stop, &ev); err != nil {
		m.close()
		return nil, err
	}
	go m.run()
	return m, nil
}

// stopSlot stands for the eventfd.
const stopSlot = -1

// Close ends the goroutine. The pipes should have been finished.
func (m *Pump) Close() { unix.Write(m.stop, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

func (m *Pump) close() {
	unix.Close(m.stop)
	unix.Close(m.ep)
}

// Add adds a pipe, which must not block, to be read until its end or Finish. The pump owns fd from now on, and closes it also
// if Add fails.
func (m *Pump) Add(fd int, sink Sink) (*Pipe, error) {
	p := &Pipe{fd: fd, sink: sink, pump: m}
	m.mu.Lock()
	if n := len(m.free); n > 0 {
		p.slot, m.free = m.free[n-1], m.free[:n-1]
		m.pipes[p.slot] = p
	} else {
		p.slot = len(m.pipes)
		m.pipes = append(m.pipes, p)
	}
	m.mu.Unlock()
	if err := m.control(p); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.close()
		return nil, err
	}
	return p, nil
}

// control adds the pipe to the epoll instance.
func (m *Pump) control(p *Pipe) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p.fd), Pad: int32(p.slot)}
	return unix.EpollCtl(m.ep, unix.EPOLL_CTL_ADD, p.fd, &ev)
}

// watch reads a pipe again after unwatch; false if that fails.
func (m *Pump) watch(p *Pipe) bool { return m.control(p) == nil }

// unwatch stops reading a pipe. It removes it from the instance, which would report the pipe's end for any set of events.
func (m *Pump) unwatch(p *Pipe) { unix.EpollCtl(m.ep, unix.EPOLL_CTL_DEL, p.fd, nil) }

// remove removes the pipe. Closing its descriptor would not remove it from the epoll instance while a child that was just
// forked holds a copy.
func (m *Pump) remove(p *Pipe) {
	unix.EpollCtl(m.ep, unix.EPOLL_CTL_DEL, p.fd, nil)
	m.mu.Lock()
	m.pipes[p.slot] = nil
	m.free = append(m.free, p.slot)
	if p.large {
		m.large--
	}
	m.mu.Unlock()
}

func (m *Pump) run() {
	defer m.close()
	var events [128]unix.EpollEvent
	buf := make([]byte, normalSize)
	for {
		n, err := m.wait(events[:])
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		for _, ev := range events[:max(n, 0)] {
			if ev.Pad == stopSlot {
				return
			}
			buf = m.serve(ev, buf)
		}
	}
}

// wait waits for pipes that can be read. If there are none it yields once before it blocks: a child that writes line by line
// then fills the pipe with many lines for one read, where otherwise each line would wake us.
func (m *Pump) wait(events []unix.EpollEvent) (int, error) {
	n, err := unix.EpollWait(m.ep, events, 0)
	if n != 0 || err != nil {
		return n, err
	}
	_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	return unix.EpollWait(m.ep, events, -1)
}

// serve reads once from the pipe of an event and returns the buffer for the next read. If that pipe was finished meanwhile
// and another has its slot and descriptor, the other one is read, which is harmless.
func (m *Pump) serve(ev unix.EpollEvent, buf []byte) []byte {
	m.mu.Lock()
	p := m.pipes[ev.Pad]
	m.mu.Unlock()
	if p == nil {
		return buf
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.paused != nil {
		return buf
	}
	chunk := buf[:normalSize]
	if p.large {
		buf = atLeast(buf, largeSize)
		chunk = buf
	} else if len(buf) > normalSize && m.largePipes() == 0 {
		buf = make([]byte, normalSize)
		chunk = buf
	}
	n, err := read(p.fd, chunk)
	switch {
	case n > 0:
		p.deliver(chunk[:n])
		m.measure(p, n)
	case errors.Is(err, unix.EAGAIN):
	default:
		p.close()
	}
	return buf
}

// measure enlarges the pipe of a child that keeps it full.
func (m *Pump) measure(p *Pipe, n int) {
	if p.large {
		return
	}
	if n < normalSize {
		p.full = 0
		return
	}
	if p.full++; p.full != fullReads || m.largePipes() >= maxLarge {
		return
	}
	if _, err := unix.FcntlInt(uintptr(p.fd), unix.F_SETPIPE_SZ, largeSize); err != nil {
		return
	}
	p.large = true
	m.mu.Lock()
	m.large++
	m.mu.Unlock()
}

// largePipes returns how many pipes are enlarged.
func (m *Pump) largePipes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.large
}

// atLeast returns buf, or a new buffer of n bytes if it is shorter.
func atLeast(buf []byte, n int) []byte {
	if len(buf) < n {
		return make([]byte, n)
	}
	return buf
}
