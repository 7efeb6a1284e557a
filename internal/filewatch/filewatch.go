// Package filewatch finds out that files of programs have changed: files below directories, and the files that programs execute. It reports
// that, never what follows from it: it restarts nothing and logs nothing. One Watcher serves all programs, whose sets share the watches of
// directories. All its work is done in goroutines of its own, which may wait for file systems. The loop calls the exported functions;
// none of them waits for anything. The functions of a Spec are called in the loop.
package filewatch

import (
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Watcher watches the files of all programs. Its descriptor and goroutines exist until Close.
type Watcher struct {
	send  func(f func(now time.Time)) bool
	inbox inbox
	busy  atomic.Int64 // when the work in progress began, in nanoseconds since 1970; 0: none is in progress
	hash  hasher
	still atomic.Pointer[hold] // of Freeze; nil: it is not frozen
	ended chan struct{}        // closed at the end of run

	// of the goroutine run, which is paused while the Watcher is frozen
	notify   notifier        // nil: there is none
	imported map[string]bool // directories that the program before has watched; nil: none, or it has begun
	hold     *hold           // of a Freeze that has begun
	dirs     map[string]*directory
	sets     map[*Set]struct{}
	dirty    map[*path]struct{} // paths that may lead elsewhere
	logs     map[string][]*logDir
}

// Spec is what a program watches.
type Spec struct {
	Name     string   // of the program, in messages
	Paths    []string // absolute: directories with all below them, or files
	Patterns []string // of the files in Paths that count
	Exclude  []string // of those that do not
	Binary   []string // absolute: where the file that the program executes is looked for; the first one counts
	// Changed is called after the first change since the last Take.
	Changed func(now time.Time)
	// Report is called with a message for the operator.
	Report func(level api.Level, text string)
}

// notifier is an inotify instance, or what this system has in its place. What happens goes to the inbox.
type notifier interface {
	Add(dir string) error
	Remove(dir string) error
	Close() error
	list() []string         // the directories that are watched
	pause() (resume func()) // nothing goes to the inbox until resume is called
	begin()                 // of an imported one, when all sets are known
}

// New makes a Watcher. Send has a function run in the loop, and returns false if the loop has ended; it may wait.
func New(send func(f func(now time.Time)) bool) *Watcher {
	w := newWatcher()
	w.Begin(send)
	return w
}

func newWatcher() *Watcher {
	w := &Watcher{dirs: map[string]*directory{}, sets: map[*Set]struct{}{}, dirty: map[*path]struct{}{}}
	w.inbox.some, w.ended = make(chan struct{}, 1), make(chan struct{})
	w.hash.closed = &w.inbox.closed
	return w
}

// Begin is New for an imported Watcher.
func (w *Watcher) Begin(send func(f func(now time.Time)) bool) {
	w.send = send
	go w.run()
}

// Close ends all sets. Its goroutines end by themselves; what they would still report is not.
func (w *Watcher) Close() { w.inbox.close() }

// SetLogs sets the paths of logs, whose changes do not count. It has to be called after Add and before the program makes its logs.
func (w *Watcher) SetLogs(paths []string) {
	w.inbox.call(func() {
		w.logs = logDirs(paths)
		for s := range w.sets {
			s.countEarly()
		}
	})
}

// run does the work of the Watcher.
func (w *Watcher) run() {
	defer close(w.ended)
	for w.inbox.wait() {
		w.busy.Store(time.Now().UnixNano())
		calls, events, lost := w.inbox.take()
		for _, f := range calls {
			f()
		}
		for _, e := range events {
			w.handle(e)
		}
		if lost {
			for s := range w.sets {
				s.change(unknownFiles, s.firstPath(), time.Now())
			}
		}
		w.recheck()
		w.busy.Store(0)
		w.pause()
	}
	if w.notify != nil {
		w.notify.Close()
	}
}

// clockStep is more than the step of the clock by which file systems set times.
const clockStep = 100 * time.Millisecond

// known is a time of which all changes before are in the sets.
func (w *Watcher) known(now time.Time) time.Time {
	if busy := w.busy.Load(); busy != 0 {
		now = time.Unix(0, busy)
	} else if w.inbox.waiting() {
		now = now.Add(-time.Second) // it begins with it at this moment
	}
	return now.Add(-clockStep)
}

// open makes the inotify instance, or what this system has in its place, unless there is one.
func (w *Watcher) open() error {
	if w.notify != nil {
		return nil
	}
	n, err := newNotifier(&w.inbox)
	if err == nil {
		w.notify = n
	}
	return err
}
