package pump

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// collector is a sink that tells how much it has got.
type collector struct {
	mu   sync.Mutex
	data []byte
	got  chan struct{} // capacity 1: something came
	room chan struct{} // what Output returns
}

func newCollector() *collector { return &collector{got: make(chan struct{}, 1)} }

func (c *collector) Output(chunk []byte) <-chan struct{} {
	c.mu.Lock()
	c.data = append(c.data, chunk...)
	room := c.room
	c.mu.Unlock()
	select {
	case c.got <- struct{}{}:
	default:
	}
	return room
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

// TestFinish takes what is there and closes, though another writer still holds the pipe open.
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
		if !p.FinishNow() {
			t.Fatal("a closed pipe cannot be finished again at once")
		}
		unix.Close(w)
	}
}

// TestEnd shows that a pipe whose writer is gone is closed and not looked at again.
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

// TestPause shows that a sink without room is given nothing but last words until it has some, and that others go on.
func TestPause(t *testing.T) {
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	stuck, ends, other := newCollector(), newCollector(), newCollector()
	stuck.room, ends.room = make(chan struct{}), make(chan struct{})
	var write [3]int
	var pipes [3]*Pipe
	for i, c := range []*collector{stuck, ends, other} {
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
	other.wait(t, 2) // all that was ready before has been served
	for _, c := range []*collector{stuck, ends} {
		if got := string(c.wait(t, 1)); got != "a" {
			t.Errorf("it was given %q without room", got)
		}
	}
	if pipes[1].FinishNow() {
		t.Error("a pipe with something in it was finished without waiting")
	}
	pipes[1].Finish()
	if got := string(ends.wait(t, 2)); got != "ab" {
		t.Errorf("last words: %q", got)
	}
	room := stuck.room
	stuck.mu.Lock()
	stuck.room = nil
	stuck.mu.Unlock()
	close(room)
	if got := string(stuck.wait(t, 2)); got != "ab" {
		t.Errorf("after the pause: %q", got)
	}
	pipes[0].Finish()
	pipes[2].Finish()
}
