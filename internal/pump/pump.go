// Package pump reads the output pipes of all children and writes what it reads to their sinks. One goroutine and one buffer
// serve all pipes, so that an idle pipe costs a hundred bytes; a goroutine for each would cost five thousand. It does not
// interpret the bytes and keeps none. Everything here may be called from any goroutine.
package pump

import (
	"errors"
	"sync"

	"golang.org/x/sys/unix"
)

// Sink gets the output of one pipe, in order. Its methods are not called concurrently.
type Sink interface {
	// Write processes a chunk, which is not empty, and must not keep it.
	Write(chunk []byte)
	// Backpressure returns nil, or a channel that closes when the sink accepts more. It is called after each Write. Until
	// the channel closes the pipe is not read, so that this child blocks and no other; only Finish writes nevertheless.
	Backpressure() <-chan struct{}
}

// Receiver reads a descriptor itself, such as that of a socket. Its methods are not called concurrently.
type Receiver interface {
	// Receive reads some of what can be read, and must not block. False: it is at the end, or needs no more; the descriptor is
	// closed then. It is called once more by Finish.
	Receive(fd int) (more bool)
	// Backpressure is that of a Sink.
	Backpressure() <-chan struct{}
}

// New makes a pump and starts its goroutine, which ends with Close.
func New() (*Pump, error) {
	m := Import()
	if err := m.Open(); err != nil {
		return nil, err
	}
	m.Begin()
	return m, nil
}

// Pipe is the reading end of one child's output, or another descriptor that is read for a child.
type Pipe struct {
	fd       int
	slot     int32 // index in the pump's table
	closed   bool  // under mu
	sink     Sink
	receiver Receiver // reads instead of the pump, if it is not nil
	pump     *Pump

	mu     sync.Mutex    // held while a chunk is read and written
	paused chan struct{} // not nil: the pipe is not read; closed when the pipe is closed

	pipeState
	partial
}

const (
	normalSize = 64 << 10 // of a pipe and of a read, in bytes
	largeSize  = 1 << 20  // the most of both, for children that keep their pipe full
)

// Finish drains the pipe and closes it. It is to be called when the child has ended: what a grandchild writes later is
// discarded. It blocks while the sink does.
func (p *Pipe) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain()
}

// FinishNow is Finish if the pipe is empty and not being read. Otherwise it does nothing and returns false. It does not
// block.
func (p *Pipe) FinishNow() bool {
	if !p.mu.TryLock() {
		return false
	}
	defer p.mu.Unlock()
	if p.closed {
		return true
	}
	if p.receiver != nil || p.buffered() > 0 {
		return false
	}
	p.close()
	return true
}

// Replace has the pipe written to another sink from its next chunk on. Next returns it, and is called between two chunks. It waits
// until the sink has taken the one that is in progress.
func (p *Pipe) Replace(next func() Sink) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sink = next()
}

// ReceiveNow has the receiver read what there is, once. It does not block.
func (p *Pipe) ReceiveNow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.receiver.Receive(p.fd)
	}
}

// receive has the receiver read, once. The lock is held.
func (p *Pipe) receive() {
	if !p.receiver.Receive(p.fd) {
		p.close()
		return
	}
	p.pause(p.backpressure())
}

// backpressure is that of the sink or the receiver.
func (p *Pipe) backpressure() <-chan struct{} {
	if p.receiver != nil {
		return p.receiver.Backpressure()
	}
	return p.sink.Backpressure()
}

// buffered returns how many bytes the pipe holds.
func (p *Pipe) buffered() int {
	n, err := unix.IoctlGetInt(p.fd, fionread)
	if err != nil {
		return 0
	}
	return n
}

// drain reads what the pipe holds now and no more, so that it ends also while a grandchild goes on writing. The lock is held.
func (p *Pipe) drain() {
	if p.closed {
		return
	}
	if p.receiver != nil {
		p.receiver.Receive(p.fd)
	} else if left := p.buffered(); left > 0 {
		buf := buffers.Get().(*[normalSize]byte)
		for left > 0 {
			n, err := read(p.fd, buf[:min(left, normalSize)])
			if n <= 0 || err != nil {
				break
			}
			p.sink.Write(buf[:n])
			left -= n
		}
		buffers.Put(buf)
	}
	p.close()
}

// deliver writes a chunk to the sink and, under backpressure, pauses the pipe. The lock is held.
func (p *Pipe) deliver(chunk []byte) {
	p.sink.Write(chunk)
	p.pump.partials.note(p)
	p.pause(p.backpressure())
}

// pause stops reading the pipe until accepting closes, unless that is nil. The lock is held.
func (p *Pipe) pause(accepting <-chan struct{}) {
	if accepting == nil {
		return
	}
	closed := make(chan struct{})
	p.paused = closed
	p.pump.unwatch(p)
	go func() {
		select {
		case <-accepting:
		case <-closed:
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.closed {
			return
		}
		p.paused = nil
		if !p.pump.watch(p) {
			p.close()
		}
	}()
}

// close removes the pipe from the pump and closes it. The lock is held.
func (p *Pipe) close() {
	p.pump.remove(p)
	unix.Close(p.fd)
	p.closed = true
	if h, ok := p.sink.(Holder); ok {
		h.End()
	}
	if p.paused != nil {
		close(p.paused)
		p.paused = nil
	}
}

var buffers = sync.Pool{New: func() any { return new([normalSize]byte) }}

// read is a read that is repeated after EINTR.
func read(fd int, buf []byte) (int, error) {
	for {
		n, err := unix.Read(fd, buf)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
