package supervisor

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/helper"
)

// helperWait is how long the next supervisord lets a helper of this one end.
const helperWait = time.Second

// send has f run in the loop. It returns false if the loop has ended. Any goroutine may call it.
func (l *Loop) send(f func(now time.Time)) bool {
	select {
	case l.results <- f:
		return true
	case <-l.handle.down:
		return false
	}
}

// helpers yields the helpers that have not ended.
func (l *Loop) helpers(yield func(*helper.Run) bool) {
	for _, c := range l.children {
		if r, ok := c.owner.(*helper.Run); ok && !yield(r) {
			return
		}
	}
}

// helpersEnded reports whether no helper is left to wait for when all processes have stopped. Those that would not end within
// their own time are killed.
func (l *Loop) helpersEnded(now time.Time) bool {
	ended := true
	for r := range l.helpers {
		if !r.Bounded() {
			r.Cancel(now)
		}
		ended = ended && r.Stuck()
	}
	return ended
}

// killHelpers kills all helpers.
func (l *Loop) killHelpers(now time.Time) {
	for r := range l.helpers {
		r.Kill(now)
	}
}

// helperNames are the names of the helpers that a shutdown waits for.
func (l *Loop) helperNames() (names []string) {
	for r := range l.helpers {
		if !r.Stuck() {
			names = append(names, r.Name())
		}
	}
	slices.Sort(names)
	return names
}
