package supervisor

import (
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/gosupervisor/supervisor/internal/api"
)

// jump is the moment t on a wall clock that was set to another time: what time.Now returns then. The monotonic reading goes
// on as if nothing had happened. No namespace has a wall clock of its own, so this is how the clock is set here.
func jump(t time.Time, d time.Duration) time.Time {
	const nanoseconds = 30 // bits below the seconds
	wall := (*uint64)(unsafe.Pointer(reflect.ValueOf(&t).Elem().FieldByName("wall").UnsafeAddr()))
	*wall += uint64(int64(d/time.Second)) << nanoseconds
	return t
}

func TestJump(t *testing.T) {
	now := time.Now()
	later := jump(now, -48*time.Hour)
	if later.Unix() != now.Unix()-48*3600 || later.Sub(now) != 0 {
		t.Fatalf("%v is not %v two days ago", later, now)
	}
}

// TestClockIsSet sets the clock far back and far forward while processes are in each state that waits: what comes next
// comes when it would have come. Source: supervisor.process._check_and_adjust_for_system_clock_rollback.
func TestClockIsSet(t *testing.T) {
	for _, d := range []time.Duration{-48 * time.Hour, -3 * time.Second, 3 * time.Second, 48 * time.Hour} {
		t.Run(d.String(), func(t *testing.T) {
			w := newWorld(t, program("starts"), program("stops"), program("fails"), program("runs"))
			w.settle()
			w.pass(2 * time.Second)
			w.exit("starts", code(0))
			w.exit("fails", code(0))
			w.process("starts").Start(w.now)
			w.process("fails").Start(w.now)
			w.exit("fails", code(1)) // too soon: BACKOFF for a second
			w.process("stops").Stop(w.now)
			expect := func(when string, want ...api.State) {
				t.Helper()
				for i, name := range []string{"starts", "fails", "stops", "runs"} {
					if got := w.process(name).State(); got != want[i] {
						t.Errorf("%s: %s is %v, not %v", when, name, got, want[i])
					}
				}
			}
			expect("before", api.Starting, api.Backoff, api.Stopping, api.Running)
			w.now = jump(w.now, d)
			w.settle()
			expect("at the jump", api.Starting, api.Backoff, api.Stopping, api.Running)
			w.pass(time.Second)
			expect("a second later", api.Running, api.Starting, api.Stopping, api.Running)
			w.exit("runs", code(0))
			w.log.Reset()
			w.pass(9 * time.Second)
			if text := w.log.String(); !strings.Contains(text, "killing 'stops'") || strings.Contains(text, "laststart") {
				t.Errorf("after stopwaitsecs: %s", text)
			}
			w.exit("stops", by(syscall.SIGKILL))
			expect("at last", api.Running, api.Running, api.Stopped, api.Exited)
			for _, p := range w.Processes() {
				if info := p.Info(w.now); strings.Contains(info.Description, "-") {
					t.Errorf("%s: %s", info.Name, info.Description)
				}
			}
		})
	}
}
