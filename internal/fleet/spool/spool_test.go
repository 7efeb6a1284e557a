package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/workdir"
)

var epoch = time.Unix(1000, 0)

func open(t *testing.T, dir string, max int64) *Spool {
	t.Helper()
	s, err := Open(dir, "web1", max, epoch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// add appends n events, with bodies of so many bytes.
func add(t *testing.T, s *Spool, n, size int) (last fleet.Rev) {
	t.Helper()
	for range n {
		var err error
		_, last, err = s.Append(fleet.Event{Kind: fleet.StateEvent, Type: "PROCESS_STATE_RUNNING", Fields: map[string]string{"x": strings.Repeat("x", size)},
			From: &fleet.From{Daemon: "d", Serial: s.n, PoolSerial: s.n}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return last
}

// numbers returns the revisions after one.
func numbers(s *Spool, after fleet.Rev) (list []fleet.Rev) {
	for {
		records := s.Read(after, 100)
		if len(records) == 0 {
			return list
		}
		for _, r := range records {
			list, after = append(list, r.Rev), r.Rev
		}
	}
}

func segments(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestOrder shows that events are read in order over segments and restarts, that numbers go on, and that each start has an epoch.
func TestOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s := open(t, dir, 64<<20)
	add(t, s, 2000, 1000)
	if n := len(segments(t, dir)); n < 2 {
		t.Fatalf("%d segments", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, 64<<20)
	last := add(t, s, 5, 10)
	list := numbers(s, fleet.Rev{})
	if len(list) != 2005 || list[2004] != last {
		t.Fatalf("%d events, the last %v", len(list), list[len(list)-1])
	}
	for i, r := range list {
		if want := (fleet.Rev{Epoch: 1001 + uint64(i/2000), N: uint64(i + 1)}); r != want {
			t.Fatalf("event %d is %v, want %v", i, r, want)
		}
	}
	if tail := numbers(s, list[2002]); len(tail) != 2 {
		t.Errorf("%d events after the third from last", len(tail))
	}
	if e, ok := s.Last(); !ok || e.ID != fleet.EventID("web1", last) {
		t.Errorf("the last is %v", e)
	}
}

// TestCut cuts the last segment at many places: the whole events before are kept, and the next ones follow them.
func TestCut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 64<<20)
	add(t, s, 3, 10)
	_ = s.Close()
	name := segments(t, dir)[0]
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(data); n += 11 {
		for _, damage := range []bool{false, true} {
			part := append([]byte{}, data[:n]...)
			if damage {
				part = append(part, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
			}
			if err := os.WriteFile(name, part, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir, 64<<20)
			whole := n * 3 / len(data)
			add(t, s, 1, 10)
			list := numbers(s, fleet.Rev{})
			if len(list) != whole+1 || list[whole].N != uint64(whole+1) {
				t.Fatalf("cut at %d of %d: %v", n, len(data), list)
			}
			_ = s.Close()
		}
	}
}

// TestFull shows that the size is bounded, that the oldest events go first, and that those are counted that were not acknowledged.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 3<<20)
	first := add(t, s, 100, 1000)
	s.SetAcked(first)
	last := add(t, s, 4900, 1000)
	list := numbers(s, fleet.Rev{})
	if want := list[0].N - 101; s.Dropped() != want {
		t.Errorf("%d dropped, want %d", s.Dropped(), want)
	}
	if list[len(list)-1] != last || len(list) != int(last.N-list[0].N+1) {
		t.Errorf("%d events up to %v", len(list), list[len(list)-1])
	}
	size := int64(0)
	for _, name := range segments(t, dir) {
		info, _ := os.Stat(name)
		size += info.Size()
	}
	if size != s.total || size > 3<<20 {
		t.Errorf("%d bytes, counted %d", size, s.total)
	}
	s.Told(s.Dropped())
	_ = s.Close()
	if s = open(t, dir, 3<<20); s.Dropped() != 0 || s.Acked() != first {
		t.Errorf("after a restart %d are dropped, %v acknowledged", s.Dropped(), s.Acked())
	}
}

// TestDamage changes a byte in the middle of an old segment: the rest of it is lost and counted once, the following segments are read.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 64<<20)
	add(t, s, 2500, 1000)
	name := segments(t, dir)[0]
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	list := numbers(s, fleet.Rev{})
	if got := uint64(len(list)) + s.Dropped(); got != 2500 || s.Dropped() == 0 {
		t.Errorf("%d events and %d dropped", len(list), s.Dropped())
	}
	before := s.Dropped()
	s.mu.Lock()
	err = s.dropOldest()
	s.mu.Unlock()
	if readable := s.segments[0].first.N - 1 - before; err != nil || s.Dropped() != before+readable {
		t.Errorf("%d dropped after the segment, before %d, %v", s.Dropped(), before, err)
	}
}

// TestTrim shows what is kept: what was not acknowledged, and for an hour what was.
func TestTrim(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 64<<20)
	last := add(t, s, 4000, 1000)
	all := len(segments(t, dir))
	trim := func(after time.Duration) int {
		if err := s.Trim(time.Now().Add(after), time.Hour); err != nil {
			t.Fatal(err)
		}
		return len(segments(t, dir))
	}
	if n := trim(2 * time.Hour); n != all {
		t.Errorf("%d segments of %d before anything was acknowledged", n, all)
	}
	s.SetAcked(last)
	if n := trim(0); n != all {
		t.Errorf("%d segments of %d within the hour", n, all)
	}
	if n := trim(2 * time.Hour); n != 1 {
		t.Errorf("%d segments after two hours", n)
	}
	if s.Dropped() != 0 {
		t.Errorf("%d dropped", s.Dropped())
	}
}

// TestRenumber gives all events later ids, in the same order.
func TestRenumber(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 64<<20)
	last := add(t, s, 2000, 1000)
	s.SetAcked(last)
	if err := s.Renumber(5000); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	s = open(t, dir, 64<<20)
	list := numbers(s, fleet.Rev{})
	if len(list) != 2000 || list[0] != (fleet.Rev{Epoch: 5001, N: 2001}) || list[1999] != (fleet.Rev{Epoch: 5001, N: 4000}) {
		t.Errorf("%d events, from %v to %v", len(list), list[0], list[len(list)-1])
	}
	if s.Acked() != (fleet.Rev{}) {
		t.Errorf("acknowledged: %v", s.Acked())
	}
}

func TestTaken(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, 64<<20)
	_, err := Open(dir, "web1", 64<<20, epoch)
	var taken *workdir.TakenError
	if !errors.As(err, &taken) || taken.PID != os.Getpid() {
		t.Errorf("%v", err)
	}
}

// TestMeta shows that a damaged file gives a new spool, whose epoch is behind that of its segments.
func TestMeta(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 64<<20)
	name := s.Name()
	if err := s.Renumber(9000); err != nil {
		t.Fatal(err)
	}
	add(t, s, 1, 1)
	_ = s.Close()
	if err := os.WriteFile(filepath.Join(dir, metaName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s = open(t, dir, 64<<20); s.Name() == name || s.Rev().Epoch != 9002 {
		t.Errorf("%s at %v", s.Name(), s.Rev())
	}
}

// TestWriteFails shows that an event that cannot be written takes no number.
func TestWriteFails(t *testing.T) {
	s := open(t, t.TempDir(), 64<<20)
	add(t, s, 1, 1)
	file := s.file
	broken, err := os.Open(os.DevNull) // for reading only
	if err != nil {
		t.Fatal(err)
	}
	s.file = broken
	if _, _, err := s.Append(fleet.Event{}); err == nil {
		t.Fatal("no error")
	}
	s.file = file
	if last := add(t, s, 1, 1); last.N != 2 {
		t.Errorf("the next event is %v", last)
	}
	if list := numbers(s, fleet.Rev{}); fmt.Sprint(list) != "[1001/1 1001/2]" {
		t.Errorf("%v", list)
	}
}
