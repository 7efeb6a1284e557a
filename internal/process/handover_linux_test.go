package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/pump"
)

// covers: L12-b
// A channel is handed over within a token and within what is captured, with a pipe that holds output.
func TestChannelIsHandedOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	p, _ := settings{capture: true, file: true, event: true}.process("", path)
	all := subscribe(&p.shared.Events, "PROCESS_LOG", "PROCESS_COMMUNICATION")
	c := &p.out
	if err := c.open(); err != nil {
		t.Fatal(err)
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.shared.Pump, err = pump.New(); err != nil {
		t.Fatal(err)
	}
	if err := c.read(ends[0]); err != nil {
		t.Fatal(err)
	}
	c.setPID(7)
	for _, piece := range []string{"a<!--XSUPER", "VISOR:BEGIN-->cap", "tured<!--XSUPERVISOR:", "END-->b\xe2\x82", "\xac\n"} {
		old := p.shared.Pump
		if err := old.Freeze(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := unix.Write(ends[1], []byte(piece)); err != nil { // is in the pipe during the handover
			t.Fatal(err)
		}
		p.shared.Pump = pump.Import()
		c.upgrade(t)
		if err := p.shared.Pump.Open(); err != nil {
			t.Fatal(err)
		}
		p.shared.Pump.Begin()
		old.Close()
		old.Thaw()
		for left := 1; left > 0; runtime.Gosched() {
			var err error
			if left, err = unix.IoctlGetInt(ends[0], unix.TIOCINQ); err != nil {
				t.Fatal(err)
			}
		}
	}
	unix.Close(ends[1])
	c.finish()
	c.close()
	p.shared.Pump.Close()
	if b, err := os.ReadFile(path); err != nil || string(b) != "ab€\n" {
		t.Errorf("%q, %v", b, err)
	}
	plain := ""
	var captured []string
	for _, e := range all.received() {
		head, data, _ := strings.Cut(e, "\n")
		if strings.HasPrefix(head, "PROCESS_LOG") {
			plain += data
		} else {
			captured = append(captured, e)
		}
	}
	want := []string{"PROCESS_COMMUNICATION_STDOUT processname:p groupname:g pid:7\ncaptured"}
	if d := cmp.Diff(want, captured); d != "" || plain != "ab€\n" {
		t.Errorf("%q (-want +got):\n%s", plain, d)
	}
}

// upgrade hands a standard input over to another one.
func (s *stdin) upgrade(t *testing.T) *stdin {
	t.Helper()
	freezeStdin(t, s)
	own, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 3) // the other one is closed with the old program
	if err != nil {
		t.Fatal(err)
	}
	old := s.fd
	s.fd = own
	state, r := handed(t, func(w *handover.Writer) *StdinState { return s.Export(w, "stdin of g:p") })
	s.fd = old
	s.Close()
	next := ImportStdin(r, state, "stdin of g:p")
	if err := r.Complete(); err != nil {
		t.Fatal(err)
	}
	return next
}

func freezeStdin(t *testing.T, s *stdin) {
	t.Helper()
	if err := (&Process{stdin: s}).FreezeStdin(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
}

// covers: L12-d
// What a child has not read of its standard input is written by the next program, before what is sent later. A freeze stops the
// writing, and nothing is lost by it.
func TestStdinIsHandedOver(t *testing.T) {
	s, child := pipe(t)
	var want, got []byte
	n := 0
	send := func() {
		t.Helper()
		head, payload := fmt.Appendf(nil, "%d\n", n), strings.Repeat(fmt.Sprint(n), n%3*40_000)
		n++
		want = append(append(want, head...), payload...)
		if err := s.Send(head, payload); err != nil {
			t.Fatal(err)
		}
	}
	read := func(n int) {
		t.Helper()
		part := make([]byte, n)
		if _, err := io.ReadFull(child, part); err != nil {
			t.Fatal(err)
		}
		got = append(got, part...)
	}
	for range 10 {
		for range 6 {
			send()
		}
		freezeStdin(t, s)
		send()
		(&Process{stdin: s}).ThawStdin()
		read(70_000)
		s = s.upgrade(t)
		waiting := s.waiting
		if send(); waiting == 0 || s.waiting <= waiting {
			t.Fatal("nothing is queued")
		}
		s.Begin()
	}
	read(len(want) - len(got))
	if !bytes.Equal(got, want) {
		t.Error("it is not what was sent")
	}
	s.Close()
	if n, err := child.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
}

// covers: L12-d
// Bytes of clients stay counted, and one that is frozen without anything queued, or not there, goes on.
func TestStdinCountsAreHandedOver(t *testing.T) {
	s, child := pipe(t)
	s = s.upgrade(t)
	s.Begin()
	held := budget.Stdin.Held()
	if err := s.sendBounded(make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	taken := s.taken
	s = s.upgrade(t)
	if got := budget.Stdin.Held() - held; s.taken != taken || got != int64(taken) || taken == 0 {
		t.Errorf("%d of %d bytes are counted, %d in all", s.taken, taken, got)
	}
	s.Begin()
	if _, err := io.ReadFull(child, make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	freezeStdin(t, s)
	if err := s.sendBounded([]byte("x")); err != nil || s.waiting != 1 {
		t.Errorf("%d bytes wait, %v", s.waiting, err)
	}
	s.Close()
	s.thaw()
	if got := budget.Stdin.Held(); got != held {
		t.Errorf("%d bytes are counted in the end, %d before", got, held)
	}
	none := &Process{}
	if none.Input() != nil || (&Process{stdin: s}).Input() != s {
		t.Error("it is not the standard input")
	}
	if none.FreezeStdin(time.Now()) != nil || none.stdin.Export(nil, "") != nil || ImportStdin(nil, nil, "") != nil {
		t.Error("no standard input has a state")
	}
	none.ThawStdin()
	none.stdin.Begin()
}

// covers: L12-d
// A write that does not end in time leaves everything as it was.
func TestStdinFreezeInVain(t *testing.T) {
	s, child := pipe(t)
	s.mu.Lock()
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	s.queue([]byte("abc"), nil)
	s.writing = true // and is not interrupted
	s.mu.Unlock()
	if err := (&Process{stdin: s}).FreezeStdin(time.Now()); !errors.Is(err, ErrStdinBusy) {
		t.Fatalf("%v", err)
	}
	go s.send(s.file)
	got := make([]byte, 3)
	if _, err := io.ReadFull(child, got); err != nil || string(got) != "abc" {
		t.Errorf("%q, %v", got, err)
	}
}
