package logs

import (
	"fmt"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/safefile"
)

// Access is the mode and the owner that a log file gets at each opening, if they differ.
type Access struct {
	Mode uint32 `json:"mode"` // permissions; unless Exact, they are left as they are
	UID  int    `json:"uid"`  // -1: unchanged
	GID  int    `json:"gid"`  // -1: unchanged

	Exact bool `json:"exact"` // Mode counts
}

// uid returns to whom files are given, 0 for root or none.
func (a *Access) uid() int {
	if a == nil || a.UID < 0 {
		return 0
	}
	return a.UID
}

// Denied returns why the file has not got its mode and owner when it was opened last, empty if it has.
func (f *File) Denied() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys == nil {
		return ""
	}
	return f.keys.denied
}

// setAccess gives the open file its mode and owner. They are changed by its descriptor, and only if the name of the log in its directory
// is that of the file, without a link: a user who can write the directory could have any file changed otherwise. Nor is a file changed
// that has another name, or belongs to another user than root, ours and the wanted one. The lock is held.
func (f *File) setAccess() {
	a := f.keys.access
	f.keys.denied = ""
	if a == nil || !f.plain || f.fd < 0 {
		return
	}
	info, err := f.ownFile(a)
	if err == nil && (a.UID >= 0 && info.UID != uint32(a.UID) || a.GID >= 0 && info.GID != uint32(a.GID)) {
		if err = unix.Fchown(int(f.fd), a.UID, a.GID); err != nil {
			err = fmt.Errorf("%s: %w", f.path, err)
		}
		info.Mode |= unix.S_ISUID // the kernel may have taken bits
	}
	if err == nil && a.Exact && info.Mode&0o7777 != a.Mode {
		if err = unix.Fchmod(int(f.fd), a.Mode); err != nil {
			err = fmt.Errorf("%s: %w", f.path, err)
		}
	}
	if err != nil {
		f.keys.denied = err.Error()
	}
}

// ownFile returns the status of the open file, or why it must not be changed.
func (f *File) ownFile(a *Access) (info safefile.Info, err error) {
	info, err = safefile.Stat(int(f.fd))
	if err != nil {
		return info, fmt.Errorf("%s: %w", f.path, err)
	}
	dir, base, err := safefile.OpenDir(f.path, int(f.owner))
	if err != nil {
		return info, fmt.Errorf("%s: %w", f.path, err)
	}
	defer dir.Close()
	there, err := dir.Lstat(base)
	switch {
	case err != nil:
		return info, fmt.Errorf("%s: %w", f.path, err)
	case there.Mode&unix.S_IFMT == unix.S_IFLNK:
		return info, fmt.Errorf("%s is a link", f.path)
	case !there.Same(info):
		return info, fmt.Errorf("%s has been renamed", f.path)
	case info.Links != 1:
		return info, fmt.Errorf("%s has %d names", f.path, info.Links)
	case info.UID != 0 && info.UID != uint32(syscall.Geteuid()) && (a.UID < 0 || info.UID != uint32(a.UID)):
		return info, fmt.Errorf("%s belongs to uid %d", f.path, info.UID)
	}
	return info, nil
}

// makeDir makes the directory of the log, which gets the owner of the log. The lock is held.
func (f *File) makeDir() error {
	uid, gid := -1, -1
	if a := f.keys.access; a != nil {
		uid, gid = a.UID, a.GID
	}
	return safefile.MakeDir(filepath.Dir(f.path), int(f.owner), uid, gid)
}

// MakeDir makes a directory of logs that belong to no program, if it is missing.
func MakeDir(path string) error { return safefile.MakeDir(path, safefile.None, -1, -1) }
