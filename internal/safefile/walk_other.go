//go:build unix && !linux

package safefile

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

const directoryFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

var errLinks = errors.New("the path may have links")

// openWithoutLinks is always errLinks: this system has no such call.
func openWithoutLinks(string, int, uint32) (int, Info, error) { return -1, Info{}, errLinks }

// kernelProtectsHardLinks is not known here.
func kernelProtectsHardLinks() bool { return false }

// step goes to a name: into a directory, or to the target of a link, or, if it is the last one, to the end.
func (w *walk) step(name string, last bool) (target string, e *end, err error) {
	dir := w.top().fd
	info, err := lstat(dir, name)
	switch {
	case err == syscall.ENOENT && last:
		return "", &end{name: name}, nil
	case err != nil:
		return "", nil, err
	case info.is(unix.S_IFLNK):
		if target, err = readlinkat(dir, name); err != nil {
			return "", nil, err
		}
		if now, err := lstat(dir, name); err != nil || now != info {
			return "", nil, errChanged
		}
		w.trust(name, info)
		return target, nil, nil
	case last:
		return "", &end{name: name, found: true, info: info}, nil
	}
	if err = w.push(dir, name); isLink(err) {
		err = errChanged
	}
	return "", nil, err
}
