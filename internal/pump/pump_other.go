//go:build unix && !linux

package pump

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const fionread = 0x4004667f // FIONREAD

// Pump waits for all pipes with poll, in one goroutine; a pipe of its own wakes it after a change.
type Pump struct {
	mu     sync.Mutex
	pipes  []*Pipe        // by slot; nil: free
	paused map[*Pipe]bool // pipes that are not read
	wake   [2]int
	closed bool

	partials partials
}

// pipeState is what this system's pump needs to know of a pipe.
type pipeState struct{}

// Import makes a pump, which reads nothing before Begin.
func Import() *Pump { return &Pump{paused: map[*Pipe]bool{}, wake: [2]int{-1, -1}} }

// Open opens what Begin needs.
func (m *Pump) Open() error {
	if err := unix.Pipe(m.wake[:]); err != nil {
		return err
	}
	for _, fd := range m.wake {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			return err
		}
	}
	return nil
}

// Begin starts the goroutine of the pump, which ends with Close.
func (m *Pump) Begin() { go m.run() }

// Close ends the goroutine. The pipes should have been finished.
func (m *Pump) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.nudge()
}

func (m *Pump) nudge() { unix.Write(m.wake[1], []byte{0}) }

// Add adds a pipe, which must not block, to be read until its end or Finish. The pump owns fd from now on.
func (m *Pump) Add(fd int, sink Sink) (*Pipe, error) {
	return m.add(&Pipe{fd: fd, sink: sink, pump: m})
}

// AddReceiver is Add of a descriptor that r reads itself.
func (m *Pump) AddReceiver(fd int, r Receiver) (*Pipe, error) {
	return m.add(&Pipe{fd: fd, receiver: r, pump: m})
}

func (m *Pump) add(p *Pipe) (*Pipe, error) {
	m.place(p)
	m.nudge()
	return p, nil
}

// place puts the pipe into the table.
func (m *Pump) place(p *Pipe) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.slot = int32(len(m.pipes))
	for i, old := range m.pipes {
		if old == nil {
			p.slot = int32(i)
			break
		}
	}
	if int(p.slot) == len(m.pipes) {
		m.pipes = append(m.pipes, p)
	} else {
		m.pipes[p.slot] = p
	}
}

func (m *Pump) remove(p *Pipe) {
	m.mu.Lock()
	m.pipes[p.slot] = nil
	delete(m.paused, p)
	m.mu.Unlock()
	m.nudge()
}

// watch reads a pipe again after unwatch.
func (m *Pump) watch(p *Pipe) bool {
	m.setPaused(p, false)
	return true
}

// unwatch stops reading a pipe.
func (m *Pump) unwatch(p *Pipe) { m.setPaused(p, true) }

func (m *Pump) setPaused(p *Pipe, paused bool) {
	m.mu.Lock()
	if paused {
		m.paused[p] = true
	} else {
		delete(m.paused, p)
	}
	m.mu.Unlock()
	m.nudge()
}

func (m *Pump) run() {
	buf := make([]byte, normalSize)
	for {
		fds, pipes, closed := m.watched()
		if closed {
			unix.Close(m.wake[0])
			unix.Close(m.wake[1])
			return
		}
		if _, err := unix.Poll(fds, m.partials.timeout(-1, time.Now)); err != nil && !errors.Is(err, unix.EINTR) {
			continue // a descriptor was closed meanwhile
		}
		read(m.wake[0], buf)
		for i, p := range pipes {
			if fds[i+1].Revents != 0 {
				p.serve(buf)
			}
			m.partials.bound()
		}
		m.partials.serve()
	}
}

func (m *Pump) watched() (fds []unix.PollFd, pipes []*Pipe, closed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fds = append(fds, unix.PollFd{Fd: int32(m.wake[0]), Events: unix.POLLIN})
	for _, p := range m.pipes {
		if p != nil && !m.paused[p] {
			fds = append(fds, unix.PollFd{Fd: int32(p.fd), Events: unix.POLLIN})
			pipes = append(pipes, p)
		}
	}
	return fds, pipes, m.closed
}

func (p *Pipe) serve(buf []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.paused != nil {
		return
	}
	if p.receiver != nil {
		p.receive()
		return
	}
	n, err := read(p.fd, buf)
	switch {
	case n > 0:
		p.deliver(buf[:n])
	case errors.Is(err, unix.EAGAIN):
	default:
		p.close()
	}
}
