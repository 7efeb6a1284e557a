package pump

import (
	"bytes"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// collector is a sink that keeps what it gets.
type collector struct {
	mu        sync.Mutex
	data      []byte
	got       chan struct{} // capacity 1: filled by each Write
	accepting chan struct{} // what Backpressure returns
}

func newCollector() *collector { return &collector{got: make(chan struct{}, 1)} }

func (c *collector) Write(chunk []byte) {
	c.mu.Lock()
	c.data = append(c.data, chunk...)
	c.mu.Unlock()
	select {
	case c.got <- struct{}{}:
	default:
	}
}

func (c *collector) Backpressure() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accepting
}

func (c *collector) wait(t *testing.T, n int) []byte {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		c.mu.Lock()
		data := bytes.Clone(c.data)
		c.mu.Unlock()
		if len(data) >= n {
			return data
		}
		select {
		case <-c.got:
		case <-late:
			t.Fatalf("%d of %d bytes came", len(data), n)
		}
	}
}

func pipe(t *testing.T) (r, w int) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(p[0])
	unix.CloseOnExec(p[1])
	if err := unix.SetNonblock(p[0], true); err != nil {
		t.Fatal(err)
	}
	return p[0], p[1]
}

func newPump(t *testing.T) *Pump {
	t.Helper()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func write(t *testing.T, fd int, data []byte) {
	t.Helper()
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		if err != nil && err != unix.EINTR {
			t.Error(err)
			return
		}
		data = data[max(n, 0):]
	}
}

// TestManyPipes reads several pipes at once, each in order and whole.
func TestManyPipes(t *testing.T) {
	m := newPump(t)
	var all sync.WaitGroup
	for i := range 50 {
		r, w := pipe(t)
		c := newCollector()
		if _, err := m.Add(r, c); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			defer unix.Close(w)
			want := bytes.Repeat([]byte{byte(i), 'x', '\n'}, 20_000)
			write(t, w, want)
			if got := c.wait(t, len(want)); !bytes.Equal(got, want) {
				t.Errorf("pipe %d: bytes lost or out of order", i)
			}
		})
	}
	all.Wait()
}

// TestLargePipe sends enough to make the pump enlarge the pipe; no byte is lost on the way.
func TestLargePipe(t *testing.T) {
	m := newPump(t)
	r, w := pipe(t)
	c := newCollector()
	if _, err := m.Add(r, c); err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 40<<20)
	for i := range want {
		want[i] = byte(i >> 8)
	}
	write(t, w, want)
	if got := c.wait(t, len(want)); !bytes.Equal(got, want) {
		t.Error("bytes lost or out of order")
	}
	unix.Close(w)
}

// TestFinish drains a pipe and closes it, though another writer still holds it open.
func TestFinish(t *testing.T) {
	m := newPump(t)
	for range 100 {
		r, w := pipe(t)
		c := newCollector()
		p, err := m.Add(r, c)
		if err != nil {
			t.Fatal(err)
		}
		write(t, w, []byte("last words"))
		p.Finish()
		if got := string(c.wait(t, 10)); got != "last words" {
			t.Fatalf("%q", got)
		}
		if _, err := unix.Write(w, []byte("x")); err != unix.EPIPE {
			t.Fatalf("the pipe is still open: %v", err)
		}
		p.Finish()
		for !p.FinishNow() { // false while the pump looks at the closed pipe, of which it had an event
			runtime.Gosched()
		}
		unix.Close(w)
	}
}

// TestEnd shows that a pipe is closed once its last writer has closed it.
func TestEnd(t *testing.T) {
	m := newPump(t)
	r, w := pipe(t)
	c := newCollector()
	p, err := m.Add(r, c)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(w)
	closed := func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.closed }
	for late := time.Now().Add(20 * time.Second); !closed(); {
		if time.Now().After(late) {
			t.Fatal("still open")
		}
	}
}

// TestBackpressure shows that under backpressure a sink gets only what Finish drains, and that other pipes are still read.
func TestBackpressure(t *testing.T) {
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	slow, ends, other := newCollector(), newCollector(), newCollector()
	slow.accepting, ends.accepting = make(chan struct{}), make(chan struct{})
	var write [3]int
	var pipes [3]*Pipe
	for i, c := range []*collector{slow, ends, other} {
		r, w := pipe(t)
		defer unix.Close(w)
		write[i] = w
		if pipes[i], err = m.Add(r, c); err != nil {
			t.Fatal(err)
		}
		put := func(text string) {
			t.Helper()
			if _, err := unix.Write(w, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		put("a")
		c.wait(t, 1)
		put("b")
	}
	other.wait(t, 2) // pipes that were ready before have been read
	for _, c := range []*collector{slow, ends} {
		if got := string(c.wait(t, 1)); got != "a" {
			t.Errorf("it got %q under backpressure", got)
		}
	}
	if pipes[1].FinishNow() {
		t.Error("a pipe that is not empty was finished without blocking")
	}
	pipes[1].Finish()
	if got := string(ends.wait(t, 2)); got != "ab" {
		t.Errorf("drained: %q", got)
	}
	accepting := slow.accepting
	slow.mu.Lock()
	slow.accepting = nil
	slow.mu.Unlock()
	close(accepting)
	if got := string(slow.wait(t, 2)); got != "ab" {
		t.Errorf("afterwards: %q", got)
	}
	pipes[0].Finish()
	pipes[2].Finish()
}
