package proc

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// invented is a system whose calls are counted.
type invented struct {
	table  *table
	clock  time.Time
	calls  map[string]int
	hidden map[int]bool // their descriptors and memory cannot be read
	gone   map[int]bool // they have ended
	fails  bool
}

const bootTicks = 1000

func newInvented() (*Reader, *invented) {
	s := &invented{table: forest(), clock: time.Unix(1e9, 0), calls: map[string]int{}, hidden: map[int]bool{}, gone: map[int]bool{}}
	return &Reader{system: s, now: func() time.Time { return s.clock }}, s
}

func (s *invented) boot() uint64    { return bootTicks }
func (s *invented) pageSize() int64 { return 1 }

func (s *invented) processes() (*table, error) {
	s.calls["all"]++
	if s.fails {
		return nil, errors.New("no")
	}
	return newTable(s.table.list...), nil
}

func (s *invented) process(pid int) (stat, error) {
	s.calls["one"]++
	if found := s.table.find(pid); found != nil {
		return *found, nil
	}
	return stat{}, errors.New("there is none")
}

func (s *invented) number(what string, pid int) (int64, bool) {
	s.calls[what]++
	if s.hidden[pid] || s.gone[pid] {
		return Unknown, s.gone[pid]
	}
	return int64(pid), false
}

func (s *invented) fds(pid int) (int64, bool) { return s.number("fds", pid) }
func (s *invented) pss(pid int) (int64, bool) { return s.number("pss", pid) }

// read reads children that have run for an hour.
func (s *invented) read(r *Reader, what What, pids ...int) []Usage {
	var children []Child
	for _, pid := range pids {
		children = append(children, Child{pid, s.clock.Add(-time.Hour)})
	}
	return r.Read(children, s.clock, what)
}

func TestReader(t *testing.T) {
	r, s := newInvented()
	s.table.find(10).own, s.table.find(10).ended, s.table.find(11).own, s.table.find(11).ended = 100, 20, 3, 5
	alone := []Usage{{CPU: 1200 * time.Millisecond, RSS: 1, PSS: Unknown, FDs: 10, Processes: 1}, unknown, unknown}
	if d := cmp.Diff(alone, s.read(r, What{}, 10, 0, 99)); d != "" {
		t.Errorf("alone: -want +got:\n%s", d)
	}
	tree := []Usage{{CPU: 1230 * time.Millisecond, RSS: 79, PSS: 10 + 11 + 12 + 13 + 21, FDs: 10 + 11 + 12 + 13 + 21, Processes: 5}, unknown}
	if d := cmp.Diff(tree, s.read(r, What{Tree: true, PSS: true}, 10, 99)); d != "" {
		t.Errorf("tree: -want +got:\n%s", d)
	}
}

// TestReaderIsAskedOnce reads each thing once in a second, however many ask.
func TestReaderIsAskedOnce(t *testing.T) {
	r, s := newInvented()
	first := s.read(r, What{}, 10)
	s.clock = s.clock.Add(kept - 1)
	s.table.find(10).pages = 77
	if d := cmp.Diff(first, s.read(r, What{}, 10)); d != "" {
		t.Errorf("-first +second:\n%s", d)
	}
	s.read(r, What{}, 10, 20)
	if want := map[string]int{"one": 2, "fds": 2}; !cmp.Equal(want, s.calls) {
		t.Errorf("alone: %v", s.calls)
	}
	s.read(r, What{Tree: true}, 10)
	s.read(r, What{Tree: true}, 20)
	s.read(r, What{}, 20)
	if want := map[string]int{"one": 2, "all": 1, "fds": 2 + 5 + 1}; !cmp.Equal(want, s.calls) {
		t.Errorf("trees: %v", s.calls)
	}
	s.clock = s.clock.Add(kept)
	if got := s.read(r, What{}, 10)[0].RSS; got != 77 || s.calls["one"] != 3 {
		t.Errorf("a second later: %d, %v", got, s.calls)
	}
	r.Drop()
	if s.read(r, What{}, 10); s.calls["one"] != 4 {
		t.Errorf("dropped: %v", s.calls)
	}
}

// TestReusedNumber leaves out what got the number of a child: before, or after the children were listed.
func TestReusedNumber(t *testing.T) {
	r, s := newInvented()
	now := s.clock
	for _, tree := range []bool{false, true} {
		for _, c := range []struct {
			start uint64
			since time.Duration // before the first reading
			known bool
		}{
			{bootTicks, time.Hour, true},
			{bootTicks - 9, time.Hour, true},
			{bootTicks - 8, time.Hour, false}, // it began after the children were listed
			{5, -time.Second / 2, !tree},      // the child began after the reading, which has another process; alone it is read again
		} {
			t.Run(fmt.Sprint(tree, c), func(t *testing.T) {
				r.Drop()
				s.clock, s.table = now, forest()
				s.read(r, What{Tree: tree}, 10)
				s.table.find(10).start = c.start
				listed := now
				if c.start != bootTicks {
					listed = now.Add(-100 * time.Millisecond)
				}
				if c.since > 0 {
					r.Drop()
				}
				used := r.Read([]Child{{10, now.Add(-c.since)}}, listed, What{Tree: tree})
				if got := used[0] != unknown; got != c.known {
					t.Errorf("%+v", used)
				}
			})
		}
	}
}

// TestHidden has no number in place of one that cannot be read, and leaves out what has ended.
func TestHidden(t *testing.T) {
	r, s := newInvented()
	s.hidden[12], s.gone[21] = true, true
	got := s.read(r, What{Tree: true, PSS: true}, 10, 20)
	want := []Usage{{RSS: 79, PSS: Unknown, FDs: Unknown, Processes: 5}, {RSS: 96, PSS: 20, FDs: 20, Processes: 2}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	s.gone[20] = true
	if got := s.read(r, What{}, 20)[0]; got.FDs != 20 { // it was read
		t.Errorf("kept: %+v", got)
	}
	r.Drop()
	if got := s.read(r, What{}, 20)[0]; got.FDs != Unknown || got.RSS != 32 {
		t.Errorf("ended: %+v", got)
	}
	s.fails = true
	r.Drop()
	if got := s.read(r, What{Tree: true}, 20)[0]; got != unknown {
		t.Errorf("without processes: %+v", got)
	}
}

// TestOtherSystem reads nothing where there is no such file system.
func TestOtherSystem(t *testing.T) {
	var r Reader
	got := r.Read([]Child{{PID: 1 << 30}, {}}, time.Now(), What{Tree: true, PSS: true})
	if d := cmp.Diff([]Usage{unknown, unknown}, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
