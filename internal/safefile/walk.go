package safefile

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Bounds of a walk: links as in the kernel, directories that are open at once, and components in all.
const (
	maxLinks = 40
	maxDepth = 200
	maxSteps = 4096
)

// errChanged means that a name changed between two steps.
var errChanged = errors.New("the path changed meanwhile")

// walk follows a path component by component. It keeps the directories it is in open, so that what it has checked stays what
// it is, and ".." leads back to where it came from.
type walk struct {
	owner   uint32 // the program's user; 0: none
	dirs    []directory
	passed  []passed // the links that are not trusted
	exposed bool     // a directory was passed in which other users can replace what root has there
	links   int
	steps   int
}

// directory is an open directory of a walk.
type directory struct {
	name string
	fd   int
	info Info
}

// passed is a link that was followed and is not trusted: all that it leads to must be its owner's.
type passed struct {
	path string
	uid  uint32 // 0: several names, so that its owner says nothing about who made this one
}

// end is what a path leads to: a name in the directory at the top, or a device.
type end struct {
	name   string
	found  bool // info is what the name leads to
	info   Info
	device string // a path that is opened as it is; then there is no name
}

// close closes the directories.
func (w *walk) close() {
	for i := range w.dirs {
		_ = unix.Close(w.dirs[i].fd)
	}
	w.dirs = w.dirs[:0]
}

func (w *walk) top() *directory { return &w.dirs[len(w.dirs)-1] }

// path is the path of a name in the directory at the top, for messages.
func (w *walk) path(name string) string {
	var b strings.Builder
	for _, d := range w.dirs[1:] {
		b.WriteString("/" + d.name)
	}
	if name != "" && name != "." || len(w.dirs) == 1 {
		b.WriteString("/" + name)
	}
	return b.String()
}

// to walks to the end of a path. If follow is false, and the last component is a link, the link is the end.
func (w *walk) to(name string, follow bool) (*end, error) {
	if name == "" {
		return nil, syscall.ENOENT
	}
	if !strings.HasPrefix(name, "/") {
		here, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		name = here + "/" + name
	}
	rest, err := w.begin(name)
	if err != nil {
		return nil, err
	}
	for {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		rest = strings.TrimLeft(rest, "/")
		last := rest == ""
		if w.steps++; w.steps > maxSteps {
			return nil, syscall.ENAMETOOLONG
		}
		switch name {
		case "..":
			w.up()
			fallthrough
		case ".", "":
			if last {
				return &end{name: ".", found: true, info: w.top().info}, nil
			}
			continue
		}
		if last && !follow {
			return w.last(name)
		}
		target, e, err := w.step(name, last)
		if err != nil || e != nil {
			return e, err
		}
		if target == "" {
			continue // it was a directory
		}
		if w.links++; w.links > maxLinks {
			return nil, syscall.ELOOP
		}
		if !last {
			target += "/" + rest
		}
		if rest = target; strings.HasPrefix(target, "/") {
			if device := w.device(target); device != "" {
				return &end{device: device}, nil
			}
			if rest, err = w.begin(target); err != nil {
				return nil, err
			}
		}
	}
}

// device returns the path if it is opened as it is.
func (w *walk) device(target string) string {
	if isOutput(target) || len(w.passed) == 0 && isDevice(target) {
		return target
	}
	return ""
}

// begin goes to the root directory and returns what is left of an absolute path.
func (w *walk) begin(name string) (rest string, err error) {
	for len(w.dirs) > 1 {
		w.up()
	}
	if len(w.dirs) == 0 {
		if err := w.push(unix.AT_FDCWD, "/"); err != nil {
			return "", err
		}
	}
	return strings.TrimLeft(name, "/"), nil
}

// up leaves the directory at the top, unless it is the root.
func (w *walk) up() {
	if len(w.dirs) > 1 {
		_ = unix.Close(w.top().fd)
		w.dirs = w.dirs[:len(w.dirs)-1]
	}
}

// push enters a directory.
func (w *walk) push(in int, name string) error {
	if len(w.dirs) >= maxDepth {
		return syscall.ENAMETOOLONG
	}
	fd, err := openat(in, name, directoryFlags, 0)
	if err != nil {
		return err
	}
	return w.enter(name, fd)
}

// enter adds an open directory and owns its descriptor.
func (w *walk) enter(name string, fd int) error {
	info, err := Stat(fd)
	if err != nil {
		_ = unix.Close(fd)
		return err
	}
	w.add(directory{name, fd, info})
	return nil
}

// add adds a directory.
func (w *walk) add(d directory) {
	w.dirs = append(w.dirs, d)
	if d.info.UID != 0 || d.info.Mode&0o022 != 0 && d.info.Mode&unix.S_ISVTX == 0 {
		w.exposed = true
	}
}

// last is the end at a name that is not followed.
func (w *walk) last(name string) (*end, error) {
	info, err := lstat(w.top().fd, name)
	if err == syscall.ENOENT {
		return &end{name: name}, nil
	}
	if err != nil {
		return nil, err
	}
	return &end{name: name, found: true, info: info}, nil
}

// trust notes a link that is followed. One of root is trusted, unless it has several names, which other users could have
// made in their directories, or in those of all.
func (w *walk) trust(name string, link Info) {
	dir := &w.top().info
	switch {
	case link.UID == 0 && (onlyRoots(dir) || !manyNames(&link)):
		return
	case link.UID == 0:
		link.UID = dir.UID
	}
	w.passed = append(w.passed, passed{w.path(name), link.UID})
}

// lstat returns what a name leads to, without following it.
func lstat(dir int, name string) (Info, error) {
	var st unix.Stat_t
	var err error
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	}
	return infoOf(&st), err
}

// readlinkat returns the target of a link.
func readlinkat(dir int, name string) (string, error) {
	var buffer [4096]byte
	n, err := unix.Readlinkat(dir, name, buffer[:])
	switch {
	case err != nil:
		return "", err
	case n == 0:
		return "", syscall.ENOENT
	case n == len(buffer):
		return "", syscall.ENAMETOOLONG
	}
	return string(buffer[:n]), nil
}
