// Package pump reads the output pipes of all children and hands what it reads to their sinks. One goroutine serves many
// pipes and one buffer serves them all, so that a silent pipe costs a hundred bytes: a goroutine for each would cost
// five thousand. It never looks at the bytes and never keeps any.
package pump

import (
	"errors"
	"sync"

	"golang.org/x/sys/unix"
)

// Sink takes what one pipe brings, in order. It is never called twice at once, and must not keep the chunk. It returns nil
// or, when it should not be given more for now, a channel that closes when it should: until then the pipe is left alone
// and the child waits, but nobody else. What a child wrote last is given to it all the same.
type Sink interface {
	Output(chunk []byte) (room <-chan struct{})
}

// Pipe is the reading end of one child's output.
type Pipe struct {
	fd   int
	slot int // our place in the pump's table
	sink Sink
	pump *Pump

	mu     sync.Mutex // held while a chunk is read and handed on
	closed bool
	paused chan struct{} // not nil: its sink has no room; closes when the pipe is closed
	full   int           // reads in a row that filled the buffer
	large  bool          // the pipe was enlarged
}

const (
	usual   = 64 << 10 // bytes of a pipe and of a read
	largest = 1 << 20  // the same for a child that writes as fast as it can
	hot     = 16       // reads in a row that fill the buffer and show such a child
)

// Finish hands on what the pipe holds now and closes it. Call it when the child has ended: what a grandchild writes later
// is nobody's output any more. It may be called from any goroutine; it waits for the sink.
func (p *Pipe) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain()
}

// FinishNow is Finish if that can be done without waiting for anything: the pipe is empty and idle. Otherwise it does
// nothing and returns false.
func (p *Pipe) FinishNow() bool {
	if !p.mu.TryLock() {
		return false
	}
	defer p.mu.Unlock()
	if p.closed {
		return true
	}
	if p.waiting() > 0 {
		return false
	}
	p.close()
	return true
}

// waiting is how many bytes the pipe holds.
func (p *Pipe) waiting() int {
	n, err := unix.IoctlGetInt(p.fd, fionread)
	if err != nil {
		return 0
	}
	return n
}

// drain reads what is there and no more, so that a grandchild that goes on writing cannot hold it up. The lock is held.
func (p *Pipe) drain() {
	if p.closed {
		return
	}
	if left := p.waiting(); left > 0 {
		buf := buffers.Get().(*[usual]byte)
		for left > 0 {
			n, err := read(p.fd, buf[:min(left, usual)])
			if n <= 0 || err != nil {
				break
			}
			p.sink.Output(buf[:n])
			left -= n
		}
		buffers.Put(buf)
	}
	p.close()
}

// give hands a chunk on and lets the pipe alone if the sink has no room. The lock is held.
func (p *Pipe) give(chunk []byte) {
	room := p.sink.Output(chunk)
	if room == nil {
		return
	}
	closed := make(chan struct{})
	p.paused = closed
	p.pump.unwatch(p)
	go func() {
		select {
		case <-room:
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

// close forgets the pipe. The lock is held.
func (p *Pipe) close() {
	p.pump.forget(p)
	unix.Close(p.fd)
	p.closed = true
	if p.paused != nil {
		close(p.paused)
		p.paused = nil
	}
}

var buffers = sync.Pool{New: func() any { return new([usual]byte) }}

// read is one read that no signal disturbs.
func read(fd int, buf []byte) (int, error) {
	for {
		n, err := unix.Read(fd, buf)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
