package filewatch

import "time"

// hold is a Freeze.
type hold struct {
	paused chan struct{} // closed when the Watcher is paused
	over   chan struct{} // closed by Thaw
	resume func()        // has the notifier go on; nil: it has not been paused
}

// mostWait is how long Freeze waits for a file system.
const mostWait = time.Second

// Freeze has the Watcher handle what it knows of, and then pause until Thaw. If that takes too long, or too long for the deadline, it
// goes on, and Export returns nil. Goroutines other than the loop may call it; the loop must not be paused before.
func (w *Watcher) Freeze(deadline time.Time) {
	h := &hold{paused: make(chan struct{}), over: make(chan struct{})}
	w.inbox.call(func() { w.hold = h })
	late := time.NewTimer(min(time.Until(deadline), mostWait))
	defer late.Stop()
	select {
	case <-h.paused:
		w.still.Store(h)
	case <-w.ended:
	case <-late.C:
		close(h.over)
	}
}

// Thaw ends Freeze.
func (w *Watcher) Thaw() {
	if h := w.still.Swap(nil); h != nil {
		close(h.over)
	}
}

func (w *Watcher) frozen() bool { return w.still.Load() != nil }

// pause pauses the Watcher if a Freeze has begun and nothing is left to be done.
func (w *Watcher) pause() {
	h := w.hold
	if h == nil {
		return
	}
	if h.resume == nil && w.notify != nil {
		h.resume = w.notify.pause()
	}
	if w.inbox.waiting() { // it came before the pause, and is handled first
		return
	}
	w.hold = nil
	close(h.paused)
	<-h.over
	if h.resume != nil {
		h.resume()
	}
}

// Resume goes on with an imported Watcher: all sets of the program before have been added.
func (w *Watcher) Resume() {
	w.inbox.call(func() {
		w.imported = nil
		for _, dir := range w.notify.list() {
			if w.dirs[dir] == nil {
				_ = w.notify.Remove(dir)
			}
		}
		w.notify.begin()
	})
}
