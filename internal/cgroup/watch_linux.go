package cgroup

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// watcher waits until cgroups are empty. The kernel reports changes of their files cgroup.events at one descriptor, which exists while
// something is waited for, and which a goroutine reads.
type watcher struct {
	file  *os.File // nil: nothing is waited for
	fd    int
	waits map[*Group]wait
}

type wait struct {
	watch int // -1: the cgroup is gone
	done  func(now time.Time)
}

func (w *watcher) add(g *Group, done func(now time.Time)) error {
	w.forget(g)
	t := g.tree
	if w.file == nil {
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
		if err != nil {
			return err
		}
		w.file, w.fd, w.waits = os.NewFile(uintptr(fd), "inotify"), fd, map[*Group]wait{}
		go readChanges(w.file, func() bool { return t.options.Send(t.changed) })
	}
	watch, err := unix.InotifyAddWatch(w.fd, g.file("cgroup.events"), unix.IN_MODIFY)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		w.closeUnused()
		return err
	}
	w.waits[g] = wait{watch, done}
	if g.Empty() { // it may have become so before the watch began
		go t.options.Send(t.changed)
	}
	return nil
}

// readChanges calls changed after each change, until the file is closed or changed returns false.
func readChanges(file *os.File, changed func() bool) {
	buf := make([]byte, 4096)
	for {
		if _, err := file.Read(buf); err != nil || !changed() {
			return
		}
	}
}

// changed calls the functions of the cgroups that are empty now.
func (t *Tree) changed(now time.Time) {
	for g, wait := range t.watcher.waits {
		if g.Empty() {
			t.watcher.forget(g)
			wait.done(now)
		}
	}
}

func (w *watcher) forget(g *Group) {
	wait, ok := w.waits[g]
	if !ok {
		return
	}
	delete(w.waits, g)
	if wait.watch >= 0 {
		_, _ = unix.InotifyRmWatch(w.fd, uint32(wait.watch)) // it ends with the cgroup
	}
	w.closeUnused()
}

func (w *watcher) closeUnused() {
	if len(w.waits) == 0 {
		w.close()
	}
}

func (w *watcher) close() {
	if w.file != nil {
		_ = w.file.Close()
		w.file, w.waits = nil, nil
	}
}
