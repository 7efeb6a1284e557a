package pump

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const fionread = unix.TIOCINQ

// Pump is an epoll instance and a thread that waits for it. It waits in the system call and not in the runtime's poller.
// The poller would save the thread, but each event of a listener that answers quickly would take two more system calls and
// several wake-ups among the runtime's threads, which is more than everything else about it.
type Pump struct {
	ep    int
	stop  int // an eventfd that has the thread look at closed and halt
	began time.Time

	closed atomic.Bool
	halt   atomic.Pointer[halt]

	mu    sync.Mutex
	pipes []*Pipe // by slot; nil: free
	free  []int32
	extra int // bytes by which pipes are enlarged

	busy     busyPipes
	partials partials
}

// Import makes a pump for imported pipes, which reads none of them before Begin.
func Import() *Pump { return &Pump{ep: -1, stop: -1} }

// Open opens what Begin needs.
func (m *Pump) Open() (err error) {
	if m.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if m.stop, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(m.ep)
		return err
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(m.stop), Pad: stopSlot}
	if err := unix.EpollCtl(m.ep, unix.EPOLL_CTL_ADD, m.stop, &ev); err != nil {
		m.close()
		return err
	}
	return nil
}

// Begin starts the goroutine of the pump, which reads the imported pipes and ends with Close.
func (m *Pump) Begin() {
	m.began = time.Now()
	for _, p := range m.pipes {
		if p != nil {
			m.begin(p)
		}
	}
	go m.run()
}

// stopSlot stands for the eventfd.
const stopSlot = -1

// Close ends the goroutine. The pipes should have been finished.
func (m *Pump) Close() {
	m.closed.Store(true)
	m.nudge()
}

// nudge wakes the thread.
func (m *Pump) nudge() { unix.Write(m.stop, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

func (m *Pump) close() {
	unix.Close(m.stop)
	unix.Close(m.ep)
}

// Add adds a pipe, which must not block, to be read until its end or Finish. The pump owns fd from now on, and closes it also
// if Add fails.
func (m *Pump) Add(fd int, sink Sink) (*Pipe, error) {
	return m.add(&Pipe{fd: fd, sink: sink, pump: m, pipeState: pipeState{size: normalSize}})
}

// AddReceiver is Add of a descriptor that r reads itself.
func (m *Pump) AddReceiver(fd int, r Receiver) (*Pipe, error) {
	return m.add(&Pipe{fd: fd, receiver: r, pump: m, pipeState: pipeState{size: normalSize}})
}

func (m *Pump) add(p *Pipe) (*Pipe, error) {
	m.place(p)
	if err := m.control(p); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.close()
		return nil, err
	}
	return p, nil
}

// place puts the pipe into the table.
func (m *Pump) place(p *Pipe) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.free); n > 0 {
		p.slot, m.free = m.free[n-1], m.free[:n-1]
		m.pipes[p.slot] = p
	} else {
		p.slot = int32(len(m.pipes))
		m.pipes = append(m.pipes, p)
	}
}

// control adds the pipe to the epoll instance.
func (m *Pump) control(p *Pipe) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p.fd), Pad: p.slot}
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
	m.extra -= int(p.size) - normalSize
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
		now := time.Since(m.began)
		for _, ev := range events[:max(n, 0)] {
			if ev.Pad == stopSlot {
				m.woken()
			}
			if !m.rest() {
				return
			}
			if ev.Pad == stopSlot {
				continue
			}
			m.mu.Lock()
			p := m.pipes[ev.Pad]
			m.mu.Unlock()
			if p == nil { // if another pipe has the slot and the descriptor by now, it is read, which is harmless
				continue
			}
			size := int(p.size)
			buf = atLeast(buf, size)
			if n, open := m.serve(p, buf[:size]); open {
				m.busy.note(p, n, now)
			}
			m.partials.bound()
		}
		buf = m.busy.serve(m, buf, now)
		m.partials.bound()
		m.partials.serve()
		if len(buf) > normalSize && m.enlarged() == 0 {
			buf = make([]byte, normalSize)
		}
	}
}

// wait waits for pipes that can be read, or until the busy ones are due. If there are none it yields once before it blocks: a
// child that writes line by line then fills the pipe with many lines for one read, where otherwise each line would wake us.
func (m *Pump) wait(events []unix.EpollEvent) (int, error) {
	n, err := unix.EpollWait(m.ep, events, 0)
	if n != 0 || err != nil {
		return n, err
	}
	_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	return unix.EpollWait(m.ep, events, m.partials.timeout(m.busy.timeout(), time.Now))
}

// serve reads once from a pipe, or has its receiver read. It returns how many bytes were read, and whether more can be: of a
// receiver nothing is known.
func (m *Pump) serve(p *Pipe, chunk []byte) (n int, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.paused != nil {
		return 0, false
	}
	if p.receiver != nil {
		p.receive()
		return 0, false
	}
	n, err := read(p.fd, chunk)
	switch {
	case n > 0:
		p.deliver(chunk[:n])
	case !errors.Is(err, unix.EAGAIN):
		p.close()
	}
	return max(n, 0), !p.closed && p.paused == nil
}

// enlarged returns the bytes by which pipes are enlarged.
func (m *Pump) enlarged() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.extra
}

// atLeast returns buf, or a new buffer of n bytes if it is shorter.
func atLeast(buf []byte, n int) []byte {
	if len(buf) < n {
		return make([]byte, n)
	}
	return buf
}
