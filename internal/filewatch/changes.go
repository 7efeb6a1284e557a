package filewatch

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// handle finds out whom an event concerns.
func (w *Watcher) handle(e fsnotify.Event) {
	now := time.Now()
	own, isDir := w.dirs[e.Name]
	if isDir && e.Has(fsnotify.Remove|fsnotify.Rename) {
		if e.Has(fsnotify.Rename) { // what is in it has gone without an event
			for _, p := range own.trees {
				if p.real != e.Name {
					p.set.change(p.below(e.Name)+"/", e.Name, now)
					p.noteSpecial(e.Name) // there is an event of the directory, and one of that which it is in
				}
			}
		}
		w.forget(e.Name, e.Has(fsnotify.Rename))
	}
	dir, name := filepath.Split(e.Name)
	d := w.dirs[filepath.Clean(dir)]
	if d == nil {
		return
	}
	for _, p := range d.names[name] {
		w.dirty[p] = struct{}{}
	}
	for _, p := range slices.Clone(d.trees) {
		w.inTree(p, e, isDir, now)
	}
}

// inTree handles an event about what is in a tree.
func (w *Watcher) inTree(p *path, e fsnotify.Event, wasDir bool, now time.Time) {
	below := p.below(e.Name)
	spec := &p.set.spec
	switch {
	case spec.excludes(below) || p.set.isBinary(e.Name):
		return
	case e.Has(fsnotify.Remove | fsnotify.Rename):
		if _, special := p.special[e.Name]; special && !wasDir {
			delete(p.special, e.Name)
		} else if !wasDir {
			w.count(p, e.Name, below, now)
		}
	case e.Has(fsnotify.Write) && !wasDir:
		w.count(p, e.Name, below, now)
	}
	if !e.Has(fsnotify.Create | fsnotify.Chmod) {
		return
	}
	switch info, err := os.Lstat(e.Name); {
	case err != nil: // it is gone again, and another event will say so
		p.noteSpecial(e.Name)
	case info.IsDir() && e.Has(fsnotify.Create): // what is in it may have been there before it was watched
		w.walk(p, e.Name, func(full, below string, isDir bool) {
			if !isDir {
				w.count(p, full, below, now)
			}
		})
	case info.IsDir():
	case !isFile(info.Mode()):
		p.noteSpecial(e.Name)
	case e.Has(fsnotify.Create) || touched(info, now):
		delete(p.special, e.Name)
		w.count(p, e.Name, below, now)
	}
}

// count notes the change of a file, if it counts.
func (w *Watcher) count(p *path, full, below string, at time.Time) {
	if p.set.spec.selects(below) && !w.isLog(full) {
		p.set.change(below, full, at)
	}
}

// touched reports whether an event about attributes is about the time of the content: a program, or touch(1), says that it is new. A new mode
// or owner is no change.
func touched(info os.FileInfo, now time.Time) bool {
	age := now.Sub(info.ModTime())
	return age < 2*time.Second && age > -2*time.Second
}
