// Package safefile opens, creates, renames and removes files, and changes their owner and mode, for a daemon that runs as root
// and works in directories of unprivileged users. A link that an unprivileged user made is followed only to what is that user's
// own; everything else, such as a link of root to another disk, works as usual. See Open for the rules. They apply only while
// the effective user is root: any other daemon has no right that its user lacks, and uses plain calls.
//
// The package holds no state; any goroutine may call it. It never waits for a FIFO.
package safefile

import (
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// None is the owner of files that belong to no program, such as the main log.
const None = 0

// effectiveUID is a variable for tests.
var effectiveUID = syscall.Geteuid

// restricted reports whether the rules apply.
func restricted() bool { return effectiveUID() == 0 }

// Info is what fstat reports about a file, in types that are the same on all systems.
type Info struct {
	Dev, Ino uint64
	Size     int64
	Links    uint64 // how many names it has
	Mode     uint32 // type and permissions, S_IF*
	UID, GID uint32
	Modified int64 // when it was written to last, in nanoseconds since 1970
	Shared   bool  // the path leads below /dev or /proc, so the file is not only ours: it is never rotated or emptied
}

// Stat returns what fstat reports about a descriptor.
func Stat(fd int) (info Info, err error) {
	var st unix.Stat_t
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = unix.Fstat(fd, &st)
	}
	return infoOf(&st), err
}

func infoOf(st *unix.Stat_t) Info {
	return Info{Dev: uint64(st.Dev), Ino: uint64(st.Ino), Size: st.Size, Links: uint64(st.Nlink), Mode: uint32(st.Mode),
		UID: st.Uid, GID: st.Gid, Modified: st.Mtim.Nano()}
}

// IsRegular reports whether it is a plain file.
func (i *Info) IsRegular() bool { return i.is(unix.S_IFREG) }

// IsDevice reports whether it is a character device, such as /dev/null or a terminal.
func (i *Info) IsDevice() bool { return i.is(unix.S_IFCHR) }

// IsSocket reports whether it is a socket.
func (i *Info) IsSocket() bool { return i.is(unix.S_IFSOCK) }

func (i *Info) is(kind uint32) bool { return i.Mode&unix.S_IFMT == kind }

// Same reports whether both are the same file.
func (i *Info) Same(j Info) bool { return i.Dev == j.Dev && i.Ino == j.Ino }

// Open opens a file as syscall.Open does, close-on-exec, and returns what fstat reports about it. Owner is the user of the
// program whose file it is, or None. As root it follows these rules:
//
// A link of root is followed. A link of another user X, or one that may be a hard link, is followed only to what is X's own: a
// file of X; or a file in a directory of X, or in a directory of the owner within a directory of X, if it is missing or a
// plain file with one name that belongs to root, X or the owner; or the standard output, standard error or /dev/null.
//
// A file with several names is not used if it belongs to root, users other than root can create names in its directory, and
// the kernel does not restrict hard links (fs.protected_hardlinks); and a plain file in a directory like /tmp only if it belongs to root, the owner, or the directory's owner.
//
// A path below /dev or /proc is opened as it is, unless it is below /dev/shm. The error of what is refused is a *Refused.
func Open(name string, flags int, mode uint32, owner int) (fd int, info Info, err error) {
	flags |= unix.O_CLOEXEC
	switch {
	case !restricted():
		return openPlain(name, flags, mode)
	case isDevice(name):
		fd, info, err = openPlain(name, flags, mode)
		info.Shared = true
		return fd, info, err
	}
	fd, info, err = openWithoutLinks(name, flags&^unix.O_TRUNC, mode)
	if err == nil {
		if !info.is(unix.S_IFDIR) && (info.Links > 1 || info.IsRegular() && info.UID != 0 && info.UID != uint32(owner)) {
			_ = unix.Close(fd) // it depends on the directory
			return openStepwise(name, flags, mode, owner)
		}
		return truncate(fd, info, flags)
	}
	if err == errLinks {
		return openStepwise(name, flags, mode, owner)
	}
	return -1, info, err
}

// openPlain opens without rules.
func openPlain(name string, flags int, mode uint32) (fd int, info Info, err error) {
	if fd, err = openat(unix.AT_FDCWD, name, flags, mode); err != nil {
		return -1, info, err
	}
	if info, err = Stat(fd); err != nil {
		_ = unix.Close(fd)
		return -1, info, err
	}
	info.Shared = isDevice(name)
	return fd, info, nil
}

// truncate does what O_TRUNC asks for, once the file is known to be the right one.
func truncate(fd int, info Info, flags int) (int, Info, error) {
	if flags&unix.O_TRUNC == 0 || !info.IsRegular() || info.Size == 0 {
		return fd, info, nil
	}
	if err := unix.Ftruncate(fd, 0); err != nil {
		_ = unix.Close(fd)
		return -1, info, err
	}
	info.Size = 0
	return fd, info, nil
}

// attempts is how often an opening begins again because a name changed meanwhile.
const attempts = 16

// openStepwise opens a path component by component.
func openStepwise(name string, flags int, mode uint32, owner int) (fd int, info Info, err error) {
	for range attempts {
		if fd, info, err = openOnce(name, flags, mode, owner); err != errChanged {
			return fd, info, err
		}
	}
	return -1, info, syscall.ELOOP
}

func openOnce(name string, flags int, mode uint32, owner int) (fd int, info Info, err error) {
	exclusive := flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL
	w := walk{owner: uint32(max(owner, 0))}
	defer w.close()
	end, err := w.to(name, !exclusive)
	if err != nil {
		return -1, info, err
	}
	if end.device != "" {
		if len(w.passed) > 0 && flags&unix.O_ACCMODE != unix.O_WRONLY && end.device != os.DevNull {
			return -1, info, w.passed[0].refuse(end.device)
		}
		fd, info, err = openPlain(end.device, flags&^(unix.O_TRUNC|unix.O_CREAT|unix.O_EXCL), 0)
		info.Shared = true
		return fd, info, err
	}
	if err := w.allow(end); err != nil {
		return -1, info, err
	}
	dir := w.top().fd
	switch {
	case end.found && exclusive:
		return -1, info, syscall.EEXIST
	case end.found:
		fd, err = openat(dir, end.name, flags&^(unix.O_CREAT|unix.O_EXCL|unix.O_TRUNC)|unix.O_NOFOLLOW, 0)
	case flags&unix.O_CREAT == 0:
		return -1, info, syscall.ENOENT
	default:
		fd, err = openat(dir, end.name, flags|unix.O_EXCL|unix.O_NOFOLLOW, mode)
	}
	switch {
	case err == nil:
	case isLink(err) || end.found && err == syscall.ENOENT || !end.found && !exclusive && err == syscall.EEXIST:
		return -1, info, errChanged
	default:
		return -1, info, err
	}
	if info, err = Stat(fd); err == nil && end.found {
		end.info = info // it may be another file than the one that was found
		err = w.allow(end)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, info, err
	}
	return truncate(fd, info, flags)
}

// OpenRead opens a file for reading, by the rules of Open, without waiting for the writer of a FIFO. It may be of any type.
func OpenRead(name string, owner int) (fd int, info Info, err error) {
	return Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0, owner)
}

// openat opens below a directory, again if a signal interrupts it.
func openat(dir int, name string, flags int, mode uint32) (fd int, err error) {
	for err = syscall.EINTR; err == syscall.EINTR; {
		fd, err = unix.Openat(dir, name, flags, mode)
	}
	return fd, err
}

// isLink reports whether O_NOFOLLOW met a link; FreeBSD says so by EMLINK.
func isLink(err error) bool { return err == syscall.ELOOP || err == syscall.EMLINK }

// isDevice reports whether a path is below /dev or /proc, where only root makes names.
func isDevice(name string) bool {
	return (strings.HasPrefix(name, "/dev/") && !strings.HasPrefix(name, "/dev/shm/") || strings.HasPrefix(name, "/proc/")) &&
		path.Clean(name) == name
}

// isOutput reports whether a path is one of the devices that a link of any user may lead to: what is written there is ours
// already.
func isOutput(name string) bool {
	switch name {
	case "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/fd/1", "/dev/fd/2":
		return true
	}
	rest, ok := strings.CutPrefix(name, "/proc/")
	pid, fd, _ := strings.Cut(rest, "/")
	return ok && (pid == "self" || pid == strconv.Itoa(os.Getpid())) && (fd == "fd/1" || fd == "fd/2")
}
