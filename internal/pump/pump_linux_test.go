package pump

import (
	"testing"

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

// TestMeasure enlarges a pipe after sixteen consecutive reads that fill the buffer.
func TestMeasure(t *testing.T) {
	m := newPump(t)
	r, w := pipe(t)
	defer unix.Close(w)
	p, err := m.Add(r, newCollector())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Finish()
	p.mu.Lock()
	defer p.mu.Unlock()
	measure := func(times, size int, large bool) {
		t.Helper()
		for range times {
			m.measure(p, size)
		}
		if p.large != large {
			t.Errorf("after %d reads of %d bytes: %v", times, size, p.large)
		}
	}
	measure(15, 64<<10, false)
	measure(1, 64<<10-1, false)
	measure(15, 64<<10, false)
	measure(1, 64<<10, true)
	if size, err := unix.FcntlInt(uintptr(p.fd), unix.F_GETPIPE_SZ, 0); err != nil || size != 1<<20 {
		t.Errorf("it holds %d bytes, %v", size, err)
	}
}
