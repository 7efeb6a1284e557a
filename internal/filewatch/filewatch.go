// Package filewatch finds out that files of programs have changed: files below directories, and the files that programs execute. It reports
// that, never what follows from it: it restarts nothing and logs nothing. One Watcher serves all programs, whose sets share the watches of
// directories. All its work is done in goroutines of its own, which may wait for file systems. The loop calls the exported functions;
// none of them waits for anything. The functions of a Spec are called in the loop.
package filewatch

import (
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Watcher watches the files of all programs. Its descriptor and goroutines exist until Close.
type Watcher struct {
	send  func(f func(now time.Time)) bool
	inbox inbox
	busy  atomic.Int64 // when the work in progress began, in nanoseconds since 1970; 0: none is in progress
	hash  hasher

	// of the goroutine run
	notify *fsnotify.Watcher // nil: there is none
	dirs   map[string]*directory
	sets   map[*Set]struct{}
	dirty  map[*path]struct{} // paths that may lead elsewhere
	logs   map[string][]*logDir
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

// New makes a Watcher. Send has a function run in the loop, and returns false if the loop has ended; it may wait.
func New(send func(f func(now time.Time)) bool) *Watcher {
	w := &Watcher{send: send, dirs: map[string]*directory{}, sets: map[*Set]struct{}{}, dirty: map[*path]struct{}{}}
	w.inbox.some = make(chan struct{}, 1)
	w.hash.closed = &w.inbox.closed
	go w.run()
	return w
}

// Close ends all sets. Its goroutines end by themselves; what they would still report is not.
func (w *Watcher) Close() { w.inbox.close() }

// SetLogs sets the paths of logs, whose changes do not count.
func (w *Watcher) SetLogs(paths []string) {
	w.inbox.call(func() { w.logs = logDirs(paths) })
}

// run does the work of the Watcher.
func (w *Watcher) run() {
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
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	w.notify = n
	go w.receive(n)
	return nil
}

// receive passes events on. It does nothing that waits, so that few are lost while a file system is slow.
func (w *Watcher) receive(n *fsnotify.Watcher) {
	events, errs := n.Events, n.Errors
	for events != nil || errs != nil {
		select {
		case e, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			w.inbox.event(e)
		case _, ok := <-errs: // of events that were lost, or of a watch that is gone
			if !ok {
				errs = nil
				continue
			}
			w.inbox.lose()
		}
	}
}
