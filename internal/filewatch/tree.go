package filewatch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
)

// directory is a watched directory. It is watched as long as something of it is needed.
type directory struct {
	trees []*path            // the trees that it is a part of
	names map[string][]*path // paths that lead elsewhere when this name changes
}

// path is a path of a set, and what is there.
type path struct {
	set    *Set
	given  string
	binary bool // it is looked at by the hasher
	target
	stamp   stamp // unless it is a directory or a binary
	dirs    map[string]struct{}
	special map[string]struct{} // sockets, pipes, and what was there for a moment only: that they are gone is no change
	off     bool                // the tree is too large
	lost    bool                // there was something, and there is nothing now
}

// need has a directory watched.
func (w *Watcher) need(dir string) (*directory, error) {
	if d := w.dirs[dir]; d != nil {
		return d, nil
	}
	if err := w.open(); err != nil {
		return nil, err
	}
	if err := w.notify.Add(dir); err != nil {
		return nil, err
	}
	d := &directory{}
	w.dirs[dir] = d
	return d, nil
}

// leadsTo notes that a path leads elsewhere when a name changes.
func (d *directory) leadsTo(name string, p *path) {
	if d.names == nil {
		d.names = map[string][]*path{}
	}
	if !slices.Contains(d.names[name], p) {
		d.names[name] = append(d.names[name], p)
	}
}

// unneeded ends the watch of a directory that nothing needs.
func (w *Watcher) unneeded(dir string) {
	if d := w.dirs[dir]; d != nil && len(d.trees) == 0 && len(d.names) == 0 {
		delete(w.dirs, dir)
		_ = w.notify.Remove(dir) // it may have gone by itself
	}
}

// watch finds out what is at a path and watches the names that decide that.
func (w *Watcher) watch(p *path) target {
	for tries := 0; ; tries++ { // again, because something may have changed before it was watched
		t := resolve(p.given)
		if slices.Equal(t.places, p.places) || tries == 10 {
			return t
		}
		old := p.places
		p.places = nil
		for _, at := range t.places {
			d, err := w.need(at.dir)
			if err == nil {
				d.leadsTo(at.name, p)
			} else if !gone(err) {
				p.set.problem(cannotWatch(at.dir, err))
			}
			p.places = append(p.places, at)
		}
		w.leave(p, old)
	}
}

// leave ends the watch of those of the places that are not the path's own.
func (w *Watcher) leave(p *path, places []place) {
	for _, at := range places {
		d := w.dirs[at.dir]
		if d == nil || slices.Contains(p.places, at) {
			continue
		}
		if d.names[at.name] = remove(d.names[at.name], p); len(d.names[at.name]) == 0 {
			delete(d.names, at.name)
		}
		w.unneeded(at.dir)
	}
}

// leaveTree ends the watch of the tree at a path.
func (w *Watcher) leaveTree(p *path) {
	for dir := range p.dirs {
		if d := w.dirs[dir]; d != nil {
			d.trees = remove(d.trees, p)
			w.unneeded(dir)
		}
	}
	p.dirs, p.special = nil, nil
}

// leavePath ends all that is watched for a path.
func (w *Watcher) leavePath(p *path) {
	w.leaveTree(p)
	places := p.places
	p.places = nil
	w.leave(p, places)
	delete(w.dirty, p)
}

func remove(list []*path, p *path) []*path {
	return slices.DeleteFunc(list, func(x *path) bool { return x == p })
}

// forget notes that a directory is not there any more. If it was moved, the system watches what is below it as if it were still there.
func (w *Watcher) forget(dir string, moved bool) {
	dirs := []string{dir}
	if moved {
		for d := range w.dirs {
			if strings.HasPrefix(d, dir+"/") {
				dirs = append(dirs, d)
			}
		}
	}
	for _, name := range dirs {
		d := w.dirs[name]
		if d == nil {
			continue
		}
		delete(w.dirs, name)
		_ = w.notify.Remove(name) // it may have gone by itself
		for _, p := range d.trees {
			delete(p.dirs, name)
		}
		for _, paths := range d.names {
			for _, p := range paths {
				places := p.places
				p.places = nil // they are watched anew
				w.leave(p, places)
				w.dirty[p] = struct{}{}
			}
		}
	}
}

// walk watches a directory in the tree at a path with all below it, and calls found for what is in it and counts. Below is the path below
// that of the tree.
func (w *Watcher) walk(p *path, top string, found func(full, below string, dir bool)) {
	for stack := []string{top}; len(stack) > 0 && !w.inbox.closed.Load() && !p.off; {
		dir := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		d, err := w.need(dir)
		if err == nil {
			if !slices.Contains(d.trees, p) {
				d.trees = append(d.trees, p)
			}
			if p.dirs == nil {
				p.dirs = map[string]struct{}{}
			}
			p.dirs[dir] = struct{}{}
			if p.set.directories() > budget.WatchedDirectories.Limit/perDirectory {
				w.turnOff(p, "too many directories below "+p.given+", changes are not seen")
				return
			}
			err = w.read(p, dir, func(full, below string, isDir bool) {
				if isDir {
					stack = append(stack, full)
				}
				if found != nil {
					found(full, below, isDir)
				}
			})
		}
		switch {
		case err == nil || gone(err):
		case errors.Is(err, unix.EACCES):
			p.set.problem(cannotWatch(dir, err))
		default:
			w.turnOff(p, cannotWatch(dir, err)+", changes below "+p.given+" are not seen")
		}
	}
}

// turnOff gives up a tree.
func (w *Watcher) turnOff(p *path, problem string) {
	p.off = true
	w.leaveTree(p)
	p.set.problem(problem)
}

// read calls found for the files and directories in a directory that are not excluded.
func (w *Watcher) read(p *path, dir string, found func(full, below string, isDir bool)) error {
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(256)
		for _, e := range entries {
			full := filepath.Join(dir, e.Name())
			below := p.below(full)
			switch {
			case p.set.spec.excludes(below):
			case e.IsDir():
				found(full, below, true)
			case !isFile(e.Type()):
				p.noteSpecial(full)
			default:
				found(full, below, false)
			}
		}
		if err != nil || len(entries) == 0 {
			return nil // what cannot be read any more is gone
		}
	}
}

// below is a path below the tree.
func (p *path) below(full string) string {
	return strings.TrimPrefix(strings.TrimPrefix(full, p.real), "/")
}

// isFile reports whether the content of what has this type counts: that of a socket or a pipe does not.
func isFile(mode fs.FileMode) bool { return mode&fs.ModeType == 0 || mode&fs.ModeSymlink != 0 }

// mostSpecial is how many sockets and pipes of a tree are known.
const mostSpecial = 1000

func (p *path) noteSpecial(full string) {
	if p.special == nil {
		p.special = map[string]struct{}{}
	}
	if len(p.special) < mostSpecial {
		p.special[full] = struct{}{}
	}
}

// gone reports whether an error says that what was there is not any more.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP)
}

// cannotWatch says why a directory is not watched, and what to do about it.
func cannotWatch(dir string, err error) string {
	var why string
	switch {
	case errors.Is(err, unix.ENOSPC):
		why = "no inotify watches are left (sysctl fs.inotify.max_user_watches)"
	case errors.Is(err, unix.EMFILE):
		why = "no inotify instances or descriptors are left (sysctl fs.inotify.max_user_instances)"
	case errors.Is(err, unix.ENFILE):
		why = "the system has no descriptors left"
	default:
		if errno := unix.Errno(0); errors.As(err, &errno) {
			why = errno.Error()
		} else {
			why = err.Error()
		}
	}
	return fmt.Sprintf("cannot watch %s: %s", dir, why)
}

// recheck looks again at the paths that may lead elsewhere.
func (w *Watcher) recheck() {
	for len(w.dirty) > 0 {
		for p := range w.dirty {
			delete(w.dirty, p)
			if _, active := w.sets[p.set]; active {
				w.look(p)
			}
		}
	}
}

// look finds out whether something else is at a path, and reports it as a change.
func (w *Watcher) look(p *path) {
	t := w.watch(p)
	if p.binary {
		t.places = p.places
		p.target = t
		p.set.binaryChange(time.Now())
		return
	}
	s := t.stamp()
	_, watched := p.dirs[t.real]
	same := t.real == p.real && t.inode == p.inode
	switch {
	case same && (t.real == "" || t.dir && (watched || p.off)), same && !t.dir && s == p.stamp:
		return
	case t.real == "":
		p.lost = true
		p.set.report(api.Warn, p.given+" is gone, its changes are seen when it is back")
	}
	w.leaveTree(p)
	t.places = p.places
	p.target, p.stamp, p.off = t, s, false
	p.lost = p.lost && t.real == ""
	if t.dir {
		w.walk(p, t.real, nil)
	}
	p.set.publish()
	if t.real != "" {
		p.set.change(p.given, p.given, time.Now())
	}
}
