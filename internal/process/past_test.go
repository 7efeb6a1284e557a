package process

import (
	"encoding/json"
	"math"
	"math/bits"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/state"
)

// TestPastIsSmall holds what history and counters cost each process.
func TestPastIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(past{}); bits.UintSize == 64 && size > 64 {
		t.Errorf("past takes %d bytes", size)
	}
}

// with returns a process with a history, whose last child ended with a status.
func withPast(last syscall.WaitStatus) (*Process, *history.Ring) {
	ring := history.New("a", 10)
	p := &Process{Config: &config.Process{ProcessName: "p"}, Group: "g", shared: &Shared{History: ring}, last: last,
		rules: state.Rules{ExitCodes: []int{0}}}
	p.ended = time.Unix(100, 0)
	return p, ring
}

func TestRecord(t *testing.T) {
	now := time.Unix(200, 0)
	const killed, exited3 = syscall.WaitStatus(syscall.SIGKILL), syscall.WaitStatus(3 << 8)
	for _, test := range []struct {
		name           string
		from, to       api.State
		last           syscall.WaitStatus
		exit, expected bool
		spawnErr       string
		want           history.Entry
	}{
		{name: "a start", from: api.Stopped, to: api.Starting, want: history.Entry{At: now.UnixNano()}},
		{name: "an exit", from: api.Running, to: api.Exited, exit: true, expected: true,
			want: history.Entry{At: 100e9, Flags: history.Ended | history.Expected}},
		{name: "an unexpected exit", from: api.Running, to: api.Exited, last: exited3, exit: true,
			want: history.Entry{At: 100e9, Status: 3, Flags: history.Ended}},
		{name: "a kill", from: api.Running, to: api.Exited, last: killed, exit: true,
			want: history.Entry{At: 100e9, Status: -9, Flags: history.Ended}},
		{name: "a stop", from: api.Stopping, to: api.Stopped, last: killed, exit: true,
			want: history.Entry{At: 100e9, Status: -9, Flags: history.Ended | history.Expected}},
		{name: "an exit that comes too early", from: api.Starting, to: api.Backoff, exit: true, expected: true, spawnErr: "before",
			want: history.Entry{At: 100e9, Flags: history.Ended}},
		{name: "an exit after startsecs that was noticed late", from: api.Starting, to: api.Running, exit: true, expected: true,
			want: history.Entry{At: now.UnixNano()}},
		{name: "no child", from: api.Starting, to: api.Backoff, spawnErr: "can't find command",
			want: history.Entry{At: now.UnixNano(), Text: new("can't find command")}},
		{name: "giving up", from: api.Backoff, to: api.Fatal, spawnErr: "can't find command",
			want: history.Entry{At: now.UnixNano(), Text: new("can't find command")}},
		{name: "another end", from: api.Running, to: api.Exited, last: 0x7f, exit: true,
			want: history.Entry{At: 100e9, Status: math.MinInt32, Flags: history.Ended}},
	} {
		p, ring := withPast(test.last)
		p.machine.State, p.spawnErr, p.pid = test.to, test.spawnErr, 7
		p.record(test.from, test.exit, test.expected, now)
		want := test.want
		want.Of, want.PID, want.From, want.To = &history.Subject{Group: "g", Name: "p"}, 7, int16(test.from), int16(test.to)
		if diff := cmp.Diff([]history.Entry{want}, ring.After(0, 9, nil).Entries); diff != "" {
			t.Errorf("%s:\n%s", test.name, diff)
		}
	}
}

func TestCountExit(t *testing.T) {
	p, _ := withPast(0)
	p.past.started, p.stop = p.ended.Add(-12*time.Second), 100
	for _, test := range []struct {
		to   api.State
		code int
		want history.Counts
	}{
		{api.Exited, 0, history.Counts{Expected: 1}},
		{api.Exited, 1, history.Counts{Expected: 1, Unexpected: 1}},
		{api.Backoff, 0, history.Counts{Expected: 1, Unexpected: 2}},
		{api.Stopped, -1, history.Counts{Expected: 2, Unexpected: 2}},
	} {
		p.machine.State = test.to
		p.countExit(test.code)
		if diff := cmp.Diff(test.want, p.Counts()); diff != "" {
			t.Errorf("%s with %d:\n%s", test.to, test.code, diff)
		}
	}
	want := Exit{At: p.ended, Ran: 12 * time.Second, Expected: true, Text: "exit status 0"}
	if diff := cmp.Diff(want, p.Exit()); diff != "" {
		t.Error(diff)
	}
	p.last = syscall.WaitStatus(syscall.SIGKILL)
	if e := p.Exit(); e.Signal != 9 || e.Text != "terminated by SIGKILL" {
		t.Errorf("%+v", e)
	}
}

// A restart that a request asks for is none that is counted.
func TestStartsWithoutRequest(t *testing.T) {
	var h past
	h.starting(false)
	h.starting(true)
	h.requested = true
	h.starting(true)
	h.starting(true)
	if h.counts.Restarts != 2 {
		t.Errorf("%d restarts, want 2", h.counts.Restarts)
	}
}

func TestPastIsHandedOver(t *testing.T) {
	p, _ := withPast(0)
	p.past = past{counts: history.Counts{Starts: 1, Restarts: 2, Expected: 3, Unexpected: 4}, started: time.Now().Add(-time.Minute),
		ran: time.Second, expected: true, requested: true}
	p.ended = time.Now()
	text, err := json.Marshal(p.exportPast())
	if err != nil {
		t.Fatal(err)
	}
	var s pastState
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	next, _ := withPast(0)
	next.importPast(&s, 9)
	if d := next.past.started.Sub(p.past.started); d != 0 {
		t.Errorf("the start is %v later", d)
	}
	if d := next.ended.Sub(p.ended); d != 0 {
		t.Errorf("the end is %v later", d)
	}
	next.past.started = p.past.started
	if next.past != p.past {
		t.Errorf("%+v, want %+v", next.past, p.past)
	}
	older, _ := withPast(0)
	older.importPast(nil, 5)
	if older.past != (past{counts: history.Counts{Restarts: 5}}) {
		t.Errorf("of an older version: %+v", older.past)
	}
	if (&Process{}).exportPast() != nil {
		t.Error("a process that has never run has a past")
	}
}
