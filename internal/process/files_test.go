package process

import (
	"encoding/json"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/state"
)

// TestFilesAreHandedOver hands over what a process has about watched files, while it is being stopped with the signals of a change, after some
// changes, one of which came while a command ran: the next program goes on with the same signals, and counts the same changes.
func TestFilesAreHandedOver(t *testing.T) {
	signals := config.StopSequence{Signals: []config.StopSignal{{Signal: syscall.SIGUSR1, Wait: time.Minute}, {Signal: syscall.SIGINT, Wait: time.Hour}}}
	c := &config.Process{Program: &config.Program{}, Extra: &config.Extra{Hooks: &config.Hooks{}, StopPlan: &config.StopPlan{}, Files: &config.WatchedFiles{OnFile: config.FileAction{Signals: signals}}}}
	made := func() *Process {
		return &Process{Config: c, rules: state.Rules{More: &state.More{}}, extra: &extra{files: &files{}}}
	}
	now := time.Now()
	for _, stops := range []bool{true, false} {
		p, next := made(), made()
		f := p.extra.files
		f.recent, f.ignored, f.again = []time.Time{now.Add(-changesTime), now.Add(-time.Second)}, true, [2]bool{false, true}
		f.binary = !stops
		f.plan = p.changePlan(f)
		text, err := json.Marshal(f.export())
		if err != nil {
			t.Fatal(err)
		}
		var s FilesState
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		next.importFiles(&s)
		got := next.extra.files
		if (got.plan != nil) != stops || stops && !cmp.Equal(got.plan.Stop, f.plan.Stop) {
			t.Errorf("it goes on with the plan %+v", got.plan)
		}
		if got.ignored != f.ignored || got.binary != f.binary || got.again != f.again {
			t.Errorf("%+v, not %+v", got, f)
		}
		if got.tooMany(now); len(got.recent) != 1 || got.recent[0].Sub(f.recent[1]).Abs() > time.Millisecond {
			t.Errorf("changes at %v, not %v", got.recent, f.recent[1])
		}
		next.extra.files = nil
		next.importFiles(&s) // the program watches no files any more
	}
}
