//go:build !linux

package filewatch

import (
	"github.com/fsnotify/fsnotify"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// watcher is a notifier of fsnotify.
type watcher struct{ *fsnotify.Watcher }

func newNotifier(to *inbox) (notifier, error) {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	go receive(n, to)
	return watcher{n}, nil
}

func (n watcher) list() []string { return n.WatchList() }

// pause and begin are not called: there are no upgrades.
func (n watcher) pause() (resume func()) { return func() {} }
func (n watcher) begin()                 {}

// receive passes events on. It does nothing that waits, so that few are lost while a file system is slow.
func receive(n *fsnotify.Watcher, to *inbox) {
	events, errs := n.Events, n.Errors
	for events != nil || errs != nil {
		select {
		case e, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			to.event(e)
		case _, ok := <-errs: // of events that were lost, or of a watch that is gone
			if !ok {
				errs = nil
				continue
			}
			to.lose()
		}
	}
}

// State is a frozen Watcher as data.
type State struct{}

// Export returns nil: there are no upgrades.
func (w *Watcher) Export(*handover.Writer) *State { return nil }

// Import is not called.
func Import(*handover.Reader, *State) *Watcher { return newWatcher() }
