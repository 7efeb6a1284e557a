package fast

import (
	"context"
	"math/rand/v2"
	"net"
	"slices"
	"syscall"
	"testing"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// table is a model of a descriptor table.
type table []any

// open gives f the lowest descriptor that is free; ok is false if there is none.
func (t table) open(f *fake) (ok bool) {
	f.table, f.fd = t, slices.Index(t, nil)
	if f.fd >= 0 {
		t[f.fd] = f
	}
	return f.fd >= 0
}

// used counts the descriptors in use.
func (t table) used() (n int) {
	for _, f := range t {
		if f != nil {
			n++
		}
	}
	return n
}

// fake is a connection or a file that has a descriptor of a table.
type fake struct {
	net.Conn
	table table
	fd    int
}

func (f *fake) Close() error {
	if f.table[f.fd] == any(f) {
		f.table[f.fd] = nil
	}
	return nil
}

func (f *fake) SyscallConn() (syscall.RawConn, error) { return number(f.fd), nil }

// number is a descriptor.
type number uintptr

func (n number) Control(do func(uintptr)) error { do(uintptr(n)); return nil }
func (number) Read(func(uintptr) bool) error    { return nil }
func (number) Write(func(uintptr) bool) error   { return nil }

// connect has a client of a server connect. If it is refused, ok is false; if there is no descriptor, as Run does.
func connect(s *Set, t table, kind Kind) (c *conn, ok bool) {
	raw := new(fake)
	for !t.open(raw) {
		s.outOfDescriptors()
	}
	if c, ok = s.add(raw, kind); !ok {
		_ = raw.Close()
	}
	return c, ok
}

// start opens the pipes of a program as process.connect does: not among the last 32.
func start(t table) bool {
	var opened []*fake
	for range 5 {
		f := new(fake)
		if !t.open(f) || f.fd > len(t)-33 {
			for _, f := range append(opened, f) {
				if f.fd >= 0 {
					_ = f.Close()
				}
			}
			return false
		}
		opened = append(opened, f)
	}
	return true
}

// TestDescriptors has many clients of TCP servers connect, idle or busy. Clients of Unix sockets can connect all the while,
// and programs start.
//
// covers: SEC-26
func TestDescriptors(t *testing.T) {
	for _, limit := range []int{128, 256, 1024} {
		for name, busy := range map[string]bool{"idle": false, "busy": true} {
			files := make(table, limit)
			for range 30 {
				files.open(new(fake)) // of the daemon
			}
			s := newSet(uint64(limit))
			for i := range 3 * limit {
				if c, ok := connect(s, files, TCP); ok && busy {
					c.setActive()
				}
				if i%50 != 0 {
					continue
				}
				c, ok := connect(s, files, Unix)
				if !ok || files[c.Conn.(*fake).fd] != c.Conn {
					t.Fatalf("%d, %s: after %d TCP connections a Unix socket has no place", limit, name, i)
				}
				_ = c.Close()
				s.remove(c)
			}
			if !start(files) {
				t.Errorf("%d, %s: no program can start: %d descriptors are used", limit, name, files.used())
			}
		}
	}
}

// TestPrograms lets programs take all descriptors that they may. Clients of both kinds can still connect, and follow a log.
func TestPrograms(t *testing.T) {
	files := make(table, 256)
	for start(files) {
	}
	s := newSet(256)
	for kind := range kinds {
		for i := range 100 {
			c, ok := connect(s, files, kind)
			if !ok {
				t.Fatalf("kind %d: connection %d is refused", kind, i)
			}
			log := new(fake)
			if !files.open(log) || !Fits(context.WithValue(t.Context(), connKey{}, c), log) {
				t.Fatalf("kind %d: no descriptor for a log", kind)
			}
			_ = log.Close()
		}
	}
}

// TestFits has busy clients open files until those are among the last descriptors: idle connections are closed for them, and
// when there is none, files are refused.
func TestFits(t *testing.T) {
	files := make(table, 256)
	s := newSet(256)
	busy, _ := connect(s, files, TCP)
	busy.setActive()
	for files.used() < 160 {
		connect(s, files, TCP)
	}
	ctx := context.WithValue(t.Context(), connKey{}, busy)
	for i := 0; ; i++ {
		f := new(fake)
		files.open(f)
		if files.used() > 160+i/5+2 { // each fifth stays among the last descriptors
			t.Fatalf("%d descriptors are used by %d files and connections", files.used(), i)
		}
		if !Fits(ctx, f) {
			if i < 150 {
				t.Errorf("only %d files fit", i)
			}
			break
		}
	}
}

// TestRandomConnections connects, disconnects and changes connections at random, and compares the set with the connections
// that are open.
func TestRandomConnections(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 0))
		files := make(table, 300)
		s := newSet(300)
		var conns []*conn
		for range 3000 {
			kind := Kind(r.IntN(int(kinds)))
			switch c, ok := (*conn)(nil), false; r.IntN(4) {
			case 0, 1:
				if c, ok = connect(s, files, kind); ok {
					conns = append(conns, c)
				}
			case 2:
				if len(conns) > 0 {
					c = conns[r.IntN(len(conns))]
					c.idleSince.Store([]int64{0, refused, s.sequence.Add(1)}[r.IntN(3)])
				}
			case 3:
				if len(conns) > 0 {
					c = conns[r.IntN(len(conns))]
					_ = c.Close()
					s.remove(c)
				}
			}
			conns = slices.DeleteFunc(conns, func(c *conn) bool { return files[c.Conn.(*fake).fd] != c.Conn })
			var want [kinds]int
			for _, c := range conns {
				if c.last {
					want[c.kind]++
				}
			}
			if want != s.last || len(conns) != len(s.conns[TCP])+len(s.conns[Unix]) || len(conns) != files.used() {
				t.Fatalf("seed %d: last %v, want %v; %d connections of %d, %d descriptors", seed, s.last, want,
					len(s.conns[TCP])+len(s.conns[Unix]), len(conns), files.used())
			}
			if want[TCP] > mayHaveLast[TCP] || want[Unix] > mayHaveLast[Unix] {
				t.Fatalf("seed %d: %v of the last descriptors", seed, want)
			}
		}
	}
}

// TestOrder checks which connection is closed first: one that was refused, then the one that has been idle longest; never a
// busy one, nor one of another kind.
func TestOrder(t *testing.T) {
	files := make(table, 5000)
	s := newSet(0)
	connectN := func(kind Kind, n int) (conns []*conn) {
		for range n {
			c, ok := connect(s, files, kind)
			if !ok {
				t.Fatal("refused")
			}
			conns = append(conns, c)
		}
		return conns
	}
	closed := func(c *conn) bool { return files[c.Conn.(*fake).fd] != c.Conn }
	unix := connectN(Unix, 1)[0]
	conns := connectN(TCP, int(budget.Waiting.Limit))
	conns[0].setActive()
	conns[1].setIdle()
	conns[300].idleSince.Store(refused)
	connectN(TCP, 1) // of the number that may wait, one is active
	if closed(conns[300]) {
		t.Error("too few may wait")
	}
	for i, want := range []*conn{conns[300], conns[2], conns[3]} {
		if connectN(TCP, 1); !closed(want) {
			t.Errorf("%d: another connection was closed", i)
		}
	}
	if closed(unix) || closed(conns[0]) || closed(conns[1]) {
		t.Error("the wrong connections were closed")
	}
	for c := range s.conns[TCP] {
		c.setActive()
	}
	for len(s.conns[TCP]) < int(budget.Connections.Limit) {
		connectN(TCP, 1)[0].setActive()
	}
	if _, ok := connect(s, files, TCP); ok {
		t.Error("there are more connections than may be")
	}
	connectN(Unix, 1)
}
