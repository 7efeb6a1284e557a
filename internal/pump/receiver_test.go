package pump

import (
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// receiver counts the datagrams that it reads, one at a time.
type receiver struct {
	mu        sync.Mutex
	got       []string
	changed   chan struct{}
	accepting chan struct{} // what Backpressure returns
}

func (r *receiver) Receive(fd int) bool {
	var buf [10]byte
	n, _ := unix.Read(fd, buf[:])
	r.mu.Lock()
	defer r.mu.Unlock()
	if n > 0 {
		r.got = append(r.got, string(buf[:n]))
		r.changed <- struct{}{}
	}
	return n <= 0 || string(buf[:n]) != "end"
}

func (r *receiver) Backpressure() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.accepting
}

func (r *receiver) wait(t *testing.T, want string) {
	t.Helper()
	select {
	case <-r.changed:
	case <-time.After(20 * time.Second):
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.got); n == 0 || r.got[n-1] != want {
		t.Fatalf("%q, want %q at the end", r.got, want)
	}
}

// TestReceiver has a receiver read a socket: message by message, not under backpressure, once more at the end, and until it needs
// no more.
func TestReceiver(t *testing.T) {
	m := newPump(t)
	open := func() (*receiver, *Pipe, int) {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range pair {
			if err := unix.SetNonblock(fd, true); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { unix.Close(pair[1]) })
		r := &receiver{changed: make(chan struct{}, 10)}
		p, err := m.AddReceiver(pair[0], r)
		if err != nil {
			t.Fatal(err)
		}
		return r, p, pair[1]
	}
	r, p, fd := open()
	write(t, fd, []byte("one"))
	r.wait(t, "one")
	r.mu.Lock()
	r.accepting = make(chan struct{})
	r.mu.Unlock()
	write(t, fd, []byte("two"))
	r.wait(t, "two")
	paused := func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.paused != nil }
	for late := time.Now().Add(20 * time.Second); !paused(); {
		if time.Now().After(late) {
			t.Fatal("not paused")
		}
	}
	write(t, fd, []byte("three"))
	r.mu.Lock()
	accepting := r.accepting
	r.accepting = nil
	if len(r.got) != 2 {
		t.Errorf("under backpressure: %q", r.got)
	}
	r.mu.Unlock()
	close(accepting)
	r.wait(t, "three")
	p.mu.Lock() // the pump cannot read the last one
	write(t, fd, []byte("last"))
	p.drain()
	p.mu.Unlock()
	r.wait(t, "last")
	if _, err := unix.Write(fd, []byte("x")); err == nil {
		t.Error("the socket is still open after Finish")
	}

	r, p, fd = open()
	write(t, fd, []byte("end"))
	r.wait(t, "end")
	closed := func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.closed }
	for late := time.Now().Add(20 * time.Second); !closed(); {
		if time.Now().After(late) {
			t.Fatal("still open after the end")
		}
	}
	if !p.FinishNow() {
		t.Error("a closed one cannot be finished")
	}
}
