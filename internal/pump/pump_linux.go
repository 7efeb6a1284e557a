package pump

import (
	"errors"
	"sync"

	"golang.org/x/sys/unix"
)

const fionread = unix.TIOCINQ

// Pump is an epoll instance with a thread that waits for it. It waits in the system call and not in the runtime's poller:
// that saves one thread and costs, at each event of a listener that answers quickly, two more system calls and several
// wake-ups among the runtime's threads, which is more than all the rest.
type Pump struct {
	ep   int
	stop int // an eventfd that ends the thread

	mu    sync.Mutex
	pipes []*Pipe // by slot; nil: free
	free  []int
	large int // pipes that were enlarged
}

// maxLarge is how many pipes of one pump may be enlarged: the kernel limits the pages of all pipes of a user.
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

// stopSlot is the slot of the eventfd, which is no pipe.
const stopSlot = -1

// Close ends the goroutine. The pipes stay as they are: finish them first.
func (m *Pump) Close() { unix.Write(m.stop, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

func (m *Pump) close() {
	unix.Close(m.stop)
	unix.Close(m.ep)
}

// Add makes the pump read fd, which must not block, until the pipe's end or Finish. The pump owns fd from now on, and
// closes it also when Add fails.
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

// control has the instance watch the pipe.
func (m *Pump) control(p *Pipe) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p.fd), Pad: int32(p.slot)}
	return unix.EpollCtl(m.ep, unix.EPOLL_CTL_ADD, p.fd, &ev)
}

// watch goes on with a pipe after unwatch. False: that cannot be done.
func (m *Pump) watch(p *Pipe) bool { return m.control(p) == nil }

// unwatch lets a pipe alone. It leaves the instance: an end of the pipe would be reported whatever is asked for.
func (m *Pump) unwatch(p *Pipe) { unix.EpollCtl(m.ep, unix.EPOLL_CTL_DEL, p.fd, nil) }

// forget takes the pipe out of the table. Its descriptor leaves the epoll instance here and not by being closed, because
// a child that was just forked may still hold a copy of it for a moment.
func (m *Pump) forget(p *Pipe) {
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
	buf := make([]byte, usual)
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

// wait waits for pipes that can be read. If there are none it lets others have the processor first: a child that writes
// line by line gets on with it, and we take many lines with one read, where otherwise each would wake us.
func (m *Pump) wait(events []unix.EpollEvent) (int, error) {
	n, err := unix.EpollWait(m.ep, events, 0)
	if n != 0 || err != nil {
		return n, err
	}
	_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	return unix.EpollWait(m.ep, events, -1)
}

// serve reads once from the pipe that ev is about and returns the buffer for the next one. The event may be about a pipe
// that was finished meanwhile, and its slot and descriptor about another: then that one is read, which does no harm.
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
	chunk := buf[:usual]
	if p.large {
		buf = atLeast(buf, largest)
		chunk = buf
	} else if len(buf) > usual && m.largePipes() == 0 {
		buf = make([]byte, usual)
		chunk = buf
	}
	n, err := read(p.fd, chunk)
	switch {
	case n > 0:
		p.give(chunk[:n])
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
	if n < usual {
		p.full = 0
		return
	}
	if p.full++; p.full != hot || m.largePipes() >= maxLarge {
		return
	}
	if _, err := unix.FcntlInt(uintptr(p.fd), unix.F_SETPIPE_SZ, largest); err != nil {
		return
	}
	p.large = true
	m.mu.Lock()
	m.large++
	m.mu.Unlock()
}

func (m *Pump) largePipes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.large
}

func atLeast(buf []byte, n int) []byte {
	if len(buf) < n {
		return make([]byte, n)
	}
	return buf
}
