package pump

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// A pipe that an epoll instance watches costs its writer more: the kernel runs the instance's callback in each write, not only in
// the one that ends the pipe's emptiness, which slows a child that writes short lines by a third. The pipes of such children are
// therefore taken out of the instance and read at intervals, until they are quiet.
const (
	busyWindow   = 2 * time.Millisecond   // a pipe is busy ...
	busyBytes    = normalSize / 2         // ... if so many bytes were read within that time
	quietBytes   = normalSize / 16        // it is quiet if no read brought so many ...
	quietTime    = 100 * time.Millisecond // ... for that time
	longestPause = 2 * time.Millisecond   // between two rounds of reading: output is delayed no longer than this
	floodReads   = 4                      // so many times in a row, a read filled a pipe of the largest size: its child does not write short lines
	maxExtra     = 16 << 20               // bytes by which all pipes together may be enlarged: the kernel limits those of a user
)

// busyPipes are the pipes that are read at intervals. Only the pump's thread uses them.
type busyPipes struct {
	pipes []*Pipe
	pause time.Duration // between two rounds
	due   time.Duration // of the next round; times are since the start of the pump
}

// pipeState is what the pump needs to know of a pipe.
type pipeState struct {
	size int32 // of the pipe, in bytes

	// Of the pump's thread.
	recent int32         // bytes that were read in the current window
	active time.Duration // begin of that window; of a busy pipe, when it was not quiet last
	full   uint8         // consecutive reads that filled a pipe of the largest size
}

// note takes n bytes that were read from a pipe, which the instance watches, and has a busy pipe read at intervals from now on.
func (b *busyPipes) note(p *Pipe, n int, now time.Duration) {
	if p.full >= floodReads {
		if n >= int(p.size)/2 {
			return
		}
		p.full = 0
		p.pump.resize(p, normalSize)
	}
	if now-p.active > busyWindow {
		p.active, p.recent = now, 0
	}
	if p.recent += int32(n); p.recent < busyBytes {
		return
	}
	p.active, p.recent = now, 0
	if !p.pump.unwatchBusy(p) {
		return
	}
	b.add(p, now)
}

// add has a pipe, which the instance does not watch, read at intervals.
func (b *busyPipes) add(p *Pipe, now time.Duration) {
	if len(b.pipes) == 0 {
		b.pause, b.due = longestPause, now+longestPause
	}
	b.pipes = append(b.pipes, p)
}

// timeout is how long epoll_wait may wait, in milliseconds; -1: for ever.
func (b *busyPipes) timeout() int {
	if len(b.pipes) == 0 {
		return -1
	}
	return int(b.pause.Milliseconds())
}

// serve reads each pipe once if that is due, and takes out those that are quiet, closed or paused. A freeze ends the round: the rest of a
// thousand full pipes would take longer than all else in an upgrade.
func (b *busyPipes) serve(m *Pump, buf []byte, now time.Duration) []byte {
	if len(b.pipes) == 0 || now < b.due {
		return buf
	}
	fullest, left := 0, b.pipes[:0] // fullest in eighths
	for i, p := range b.pipes {
		if m.halt.Load() != nil {
			b.pipes = slices.Delete(b.pipes, len(left), i)
			return buf
		}
		size := int(p.size)
		buf = atLeast(buf, size)
		n, open := m.serve(p, buf[:size])
		if n < largeSize {
			p.full = 0
		}
		fullest = max(fullest, 8*n/size)
		switch {
		case !open:
			continue
		case n == largeSize:
			p.active = now
			if p.full++; p.full == floodReads {
				m.rewatch(p)
				continue
			}
		case n == size:
			p.active = now
			m.resize(p, min(4*size, largeSize))
		case n >= quietBytes:
			p.active = now
		case now-p.active > quietTime:
			m.resize(p, normalSize)
			m.rewatch(p)
			continue
		}
		left = append(left, p)
	}
	clear(b.pipes[len(left):])
	b.pipes = left
	b.adjust(fullest)
	b.due = now + b.pause
	return buf
}

// adjust makes the pause shorter if a pipe was full, so that no child waits while a processor is free, and longer if none was half
// full.
func (b *busyPipes) adjust(fullest int) {
	switch {
	case fullest == 8 && b.pause <= time.Millisecond:
		b.pause = 0
	case fullest == 8:
		b.pause = time.Millisecond
	case fullest < 4:
		b.pause = min(b.pause+time.Millisecond, longestPause)
	}
}

// unwatchBusy takes a pipe out of the instance. It returns false for one that is small, because this user has many, and would be
// full long before the next round.
func (m *Pump) unwatchBusy(p *Pipe) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.paused != nil {
		return false
	}
	size, err := unix.FcntlInt(uintptr(p.fd), unix.F_GETPIPE_SZ, 0)
	if err != nil || size < normalSize {
		return false
	}
	m.unwatch(p)
	return true
}

// rewatch has the instance watch a pipe again.
func (m *Pump) rewatch(p *Pipe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && !m.watch(p) {
		p.close()
	}
}

// resize changes the size of a pipe, if the kernel and the budget allow it.
func (m *Pump) resize(p *Pipe, size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	extra := size - int(p.size)
	if p.closed || extra == 0 || m.extra+extra > maxExtra {
		return
	}
	if _, err := unix.FcntlInt(uintptr(p.fd), unix.F_SETPIPE_SZ, size); err != nil {
		return
	}
	m.extra += extra
	p.size = int32(size)
}
