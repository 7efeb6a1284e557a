package pump

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestWatchFails closes a pipe that cannot be read again after backpressure: a child that gets an error is better than one
// that blocks for ever.
func TestWatchFails(t *testing.T) {
	m := newPump(t)
	c := newCollector()
	c.accepting = make(chan struct{})
	r, w := pipe(t)
	defer unix.Close(w)
	p, err := m.Add(r, c)
	if err != nil {
		t.Fatal(err)
	}
	write(t, w, []byte("a"))
	c.wait(t, 1)
	p.mu.Lock() // now it is paused
	err = m.control(p)
	p.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	close(c.accepting) // a pipe that is in the instance cannot be added
	ends := []unix.PollFd{{Fd: int32(w)}}
	if n, err := unix.Poll(ends, 20_000); n != 1 || ends[0].Revents&unix.POLLERR == 0 {
		t.Errorf("the pipe stays open: %v, %v", ends, err)
	}
}

// TestAtLeast makes a new buffer only if the old one is too short.
func TestAtLeast(t *testing.T) {
	buf := make([]byte, 10)
	for n, same := range map[int]bool{9: true, 10: true, 11: false} {
		got := atLeast(buf, n)
		if len(got) < n || (&got[0] == &buf[0]) != same {
			t.Errorf("%d: %d bytes, the same buffer: %v", n, len(got), &got[0] == &buf[0])
		}
	}
}

// unserved returns a pump without its thread, which the test takes the place of, and a pipe of it.
func unserved(t *testing.T, c *collector) (m *Pump, p *Pipe, writer int) {
	t.Helper()
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	m = &Pump{ep: ep}
	r, w := pipe(t)
	if p, err = m.Add(r, c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Finish()
		unix.Close(w)
		unix.Close(ep)
	})
	return m, p, w
}

// watched reports whether the instance watches the pipe.
func (m *Pump) watched(p *Pipe) bool {
	if errors.Is(m.control(p), unix.EEXIST) {
		return true
	}
	m.unwatch(p)
	return false
}

// TestBusy reads a busy pipe at intervals, enlarges it while it is full, and watches it again when it is quiet.
func TestBusy(t *testing.T) {
	c := newCollector()
	m, p, w := unserved(t, c)
	now := time.Minute
	m.busy.note(p, busyBytes-1, now)
	m.busy.note(p, busyBytes-1, now+busyWindow+1)
	if !m.watched(p) {
		t.Fatal("a pipe is busy before it brought enough within the window")
	}
	now += 2 * busyWindow
	m.busy.note(p, 1, now)
	if got := m.busy.timeout(); m.watched(p) || got != 2 {
		t.Errorf("busy, and watched: %v, a pause of %d ms", m.watched(p), got)
	}
	if buf := m.busy.serve(m, nil, now); len(buf) != 0 {
		t.Errorf("it is read before the pause is over")
	}
	now = m.busy.due
	var buf []byte
	total := 0
	for _, step := range []struct{ data, size, timeout int }{
		{normalSize, 4 * normalSize, 1},
		{4 * normalSize, largeSize, 0},
		{largeSize, largeSize, 0},
		{largeSize / 2, largeSize, 0},
		{quietBytes, largeSize, 1},
		{quietBytes, largeSize, 2},
		{quietBytes, largeSize, 2},
	} {
		write(t, w, make([]byte, step.data))
		total += step.data
		buf = m.busy.serve(m, buf, now)
		if got := m.busy.timeout(); int(p.size) != step.size || got != step.timeout {
			t.Errorf("after %d bytes: a pipe of %d bytes, a pause of %d ms", step.data, p.size, got)
		}
		now += longestPause
	}
	write(t, w, make([]byte, quietBytes-1))
	now += quietTime - longestPause
	if buf = m.busy.serve(m, buf, now); m.watched(p) {
		t.Errorf("it is quiet too early")
	}
	m.busy.serve(m, buf, now+longestPause)
	size, err := unix.FcntlInt(uintptr(p.fd), unix.F_GETPIPE_SZ, 0)
	if !m.watched(p) || err != nil || size != normalSize || m.enlarged() != 0 || m.busy.timeout() != -1 {
		t.Errorf("quiet: %d bytes, %d beyond the usual, %v, a pause of %d ms", size, m.enlarged(), err, m.busy.timeout())
	}
	c.wait(t, total+quietBytes-1)
}

// TestFlood watches a pipe that is full at each read, and enlarged, as long as reads bring much.
func TestFlood(t *testing.T) {
	m, p, w := unserved(t, newCollector())
	now := time.Minute
	m.busy.note(p, busyBytes, now)
	var buf []byte
	for range 2 + floodReads {
		if m.watched(p) {
			t.Fatal("it is watched too early")
		}
		write(t, w, make([]byte, p.size))
		now += longestPause
		buf = m.busy.serve(m, buf, now)
	}
	for range 3 {
		m.busy.note(p, largeSize/2, now)
	}
	if !m.watched(p) || p.size != largeSize {
		t.Errorf("a pipe of %d bytes, watched: %v", p.size, m.watched(p))
	}
	m.busy.note(p, busyBytes, now)
	if m.watched(p) || p.size != normalSize {
		t.Errorf("later: a pipe of %d bytes, watched: %v", p.size, m.watched(p))
	}
}

// TestBusyEnds drops a busy pipe that is closed or paused, and what it was enlarged by.
func TestBusyEnds(t *testing.T) {
	for _, pause := range []bool{true, false} {
		c := newCollector()
		m, p, w := unserved(t, c)
		now := time.Minute
		m.busy.note(p, busyBytes, now)
		write(t, w, make([]byte, normalSize))
		now = m.busy.due
		buf := m.busy.serve(m, nil, now)
		if m.enlarged() != 3*normalSize {
			t.Fatalf("enlarged by %d bytes", m.enlarged())
		}
		if pause {
			c.accepting = make(chan struct{})
			write(t, w, []byte("a"))
			m.busy.serve(m, buf, now+longestPause)
			if m.busy.timeout() != -1 || p.paused == nil {
				t.Errorf("a paused pipe is read")
			}
		}
		p.Finish()
		m.busy.serve(m, buf, now+2*longestPause)
		if m.busy.timeout() != -1 || m.enlarged() != 0 {
			t.Errorf("a closed pipe is read, or still counts as enlarged: %d bytes", m.enlarged())
		}
	}
}

// TestSmallPipe leaves a pipe in the instance that is smaller than usual: read at intervals it would stop its child.
func TestSmallPipe(t *testing.T) {
	m, p, _ := unserved(t, newCollector())
	if _, err := unix.FcntlInt(uintptr(p.fd), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	m.busy.note(p, busyBytes, time.Minute)
	if !m.watched(p) {
		t.Error("it is read at intervals")
	}
}
