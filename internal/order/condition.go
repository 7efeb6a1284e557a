package order

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Condition is what a process must have reached for those that depend on it.
type Condition uint8

const (
	Started Condition = iota // it has a child
	Running
	Ready   // RUNNING, and ready by its own account
	Healthy // RUNNING, and its checks succeed
	Exited  // ended as expected, as a program does that runs once
)

var conditions = [...]string{Started: "started", Running: "running", Ready: "ready", Healthy: "healthy", Exited: "exited"}

// String is the word in depends_on.
func (c Condition) String() string { return conditions[c] }

// Conditions are the words that depends_on knows.
func Conditions() []string { return conditions[:] }

// ParseCondition returns the condition of a word.
func ParseCondition(word string) (c Condition, ok bool) {
	i := slices.Index(conditions[:], word)
	return Condition(max(i, 0)), i >= 0
}

// Facts is what conditions ask of a process.
type Facts struct {
	State    api.State
	Child    bool // in STARTING: there is a child
	Expected bool // in EXITED: as expected
	Unready  bool // it has readiness of its own, and is not ready
	Checked  bool // it has health
	Healthy  bool // its health is healthy
	Gone     bool // it does not come any more unless a request starts it
}

// Met reports whether a process with these facts meets the condition.
func (c Condition) Met(f Facts) bool {
	done := f.State == api.Exited && f.Expected
	running := f.State == api.Running
	switch {
	case c == Started:
		return running || done || f.State == api.Starting && f.Child
	case c == Running:
		return running || done
	case c == Healthy && f.Checked:
		return running && f.Healthy
	case c == Exited:
		return done
	}
	return running && !f.Unready || done
}

// lost reports whether what met the condition has ceased to. That a program ran to its end stays true.
func (c Condition) lost(f Facts) bool { return c != Exited && !c.Met(f) }
