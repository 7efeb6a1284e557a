package safefile

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// directoryFlags opens a directory to work in it, which takes no right to list it.
const directoryFlags = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC

// errLinks means that a path may have links.
var errLinks = errors.New("the path may have links")

// openWithoutLinks opens a path that has no links, in one call. Any other is errLinks, also if the kernel or a filter of
// system calls does not know the call.
func openWithoutLinks(name string, flags int, mode uint32) (fd int, info Info, err error) {
	how := unix.OpenHow{Flags: uint64(flags), Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}
	if flags&unix.O_PATH == 0 {
		how.Flags |= unix.O_LARGEFILE
	}
	if flags&unix.O_CREAT != 0 {
		how.Mode = uint64(mode)
	}
	for err = syscall.EINTR; err == syscall.EINTR; {
		fd, err = unix.Openat2(unix.AT_FDCWD, name, &how)
	}
	switch err {
	case nil:
		if info, err = Stat(fd); err != nil {
			_ = unix.Close(fd)
		}
		return fd, info, err
	case syscall.ELOOP, syscall.ENOSYS, syscall.EPERM, syscall.EINVAL, syscall.E2BIG, syscall.EAGAIN:
		return -1, info, errLinks
	}
	return -1, info, err
}

// kernelProtectsHardLinks reads the sysctl, which is on in every common distribution.
func kernelProtectsHardLinks() bool {
	text, err := os.ReadFile("/proc/sys/fs/protected_hardlinks")
	return err == nil && strings.TrimSpace(string(text)) == "1"
}

// step goes to a name: into a directory, or to the target of a link, or, if it is the last one, to the end.
func (w *walk) step(name string, last bool) (target string, e *end, err error) {
	fd, err := openat(w.top().fd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		if last && err == syscall.ENOENT {
			return "", &end{name: name}, nil
		}
		return "", nil, err
	}
	info, err := Stat(fd)
	switch {
	case err != nil:
	case info.is(unix.S_IFLNK):
		if target, err = readlinkat(fd, ""); err == nil { // of this very link, even if the name leads elsewhere now
			w.trust(name, info)
		}
	case last:
		e = &end{name: name, found: true, info: info}
	case !info.is(unix.S_IFDIR):
		err = syscall.ENOTDIR
	case len(w.dirs) >= maxDepth:
		err = syscall.ENAMETOOLONG
	default:
		w.add(directory{name, fd, info})
		return "", nil, nil
	}
	_ = unix.Close(fd)
	return target, e, err
}
