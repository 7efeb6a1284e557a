package safefile

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// ReadOwn returns the contents of a file that only we can have written: a plain file of our effective user, with one name, not
// writable by others, and reached by the rules of Open without a link as its last component. The error says which does not
// hold, or that the file has more than limit bytes. It never blocks. A missing file is ENOENT.
func ReadOwn(name string, limit int) ([]byte, error) {
	d, base, err := OpenDir(name, None)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	fd, info, err := d.Open(base, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	switch {
	case err == nil:
	case isLink(err):
		return nil, errors.New("it is a symbolic link")
	default:
		return nil, err
	}
	defer unix.Close(fd)
	switch {
	case !info.IsRegular():
		return nil, errNotRegular
	case info.UID != uint32(effectiveUID()):
		return nil, fmt.Errorf("it belongs to uid %d", info.UID)
	case info.Mode&0o022 != 0:
		return nil, errors.New("others can write it")
	case info.Links != 1:
		return nil, errors.New("it has several names")
	case info.Size > int64(limit):
		return nil, fmt.Errorf("it has more than %d bytes", limit)
	}
	return readAll(fd, limit)
}

var errNotRegular = errors.New("it is not a regular file")

// readAll reads a plain file of at most limit bytes.
func readAll(fd, limit int) ([]byte, error) {
	data := make([]byte, 0, 4096)
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := unix.Read(fd, data[len(data):cap(data)])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return data, nil
		}
		if data = data[:len(data)+n]; len(data) > limit {
			return nil, fmt.Errorf("it has more than %d bytes", limit)
		}
	}
}

// Replace writes a file under a temporary name and renames it, so that the name never leads to a part of it, nor to a file that
// another user can write. A link at the name is replaced, but one of root or of our user is followed, to a file that is
// replaced. Where no file can be made or renamed (a directory that is not ours, a file that is mounted), and if the name is a
// device, the file is written in place, if it belongs to us or root, and has no other name. It returns the path that was
// written. The umask applies to mode.
func Replace(name string, data []byte, mode uint32) (path string, err error) {
	for range maxLinks {
		target, err := replace(name, data, mode)
		if err != nil || target == "" {
			return name, err
		}
		if !filepath.IsAbs(target) {
			target = filepath.Dir(name) + "/" + target // not cleaned: ".." belongs to what the directory leads to
		}
		name = target
	}
	return name, syscall.ELOOP
}

// RemoveIf removes a plain file that holds exactly these data. It follows no link at the name, and never blocks.
func RemoveIf(name string, data []byte) error {
	d, base, err := OpenDir(name, None)
	if err != nil {
		return err
	}
	defer d.Close()
	fd, info, err := d.Open(base, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if !info.IsRegular() {
		return errNotRegular
	}
	if held, err := readAll(fd, len(data)); err != nil || !bytes.Equal(held, data) {
		return err
	}
	return d.Unlink(base)
}

// replace writes the file, or returns the target of a link that is to be followed.
func replace(name string, data []byte, mode uint32) (target string, err error) {
	d, base, err := OpenDir(name, None)
	if err != nil {
		return "", err
	}
	defer d.Close()
	entry, err := d.Entry(base)
	switch {
	case err == syscall.ENOENT:
		return "", d.replace(base, data, mode)
	case err != nil:
		return "", err
	}
	defer entry.Close()
	switch entry.Mode & unix.S_IFMT {
	case unix.S_IFCHR, unix.S_IFBLK:
		return "", d.overwrite(base, data)
	case unix.S_IFDIR:
		return "", syscall.EISDIR
	case unix.S_IFLNK:
		if entry.Links == 1 && (entry.UID == 0 || entry.UID == uint32(effectiveUID())) {
			return entry.readlink()
		}
	}
	switch err = d.replace(base, data, mode); err {
	case syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.EBUSY, syscall.EXDEV:
		if d.overwrite(base, data) == nil {
			return "", nil
		}
	}
	return "", err
}

// replace makes a file and renames it.
func (d *Dir) replace(name string, data []byte, mode uint32) error {
	return d.replaceBy(name, mode, func(fd int) error { return writeAll(fd, data) })
}

// replaceBy is replace for a file that write writes.
func (d *Dir) replaceBy(name string, mode uint32, write func(fd int) error) error {
	var temporary string
	fd, err := -1, error(syscall.EEXIST)
	for n := 0; n < attempts && err == syscall.EEXIST; n++ {
		temporary = name + "." + rand.Text()[:8]
		fd, _, err = d.Open(temporary, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, mode)
	}
	if err != nil {
		return err
	}
	err = write(fd)
	_ = unix.Close(fd)
	if err == nil {
		err = d.Rename(temporary, name)
	}
	if err != nil {
		_ = d.Unlink(temporary)
	}
	return err
}

// overwrite writes a file in place.
func (d *Dir) overwrite(name string, data []byte) error {
	fd, info, err := d.Open(name, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if info.IsRegular() {
		if info.Links != 1 || !d.trusts(info) {
			return syscall.EPERM
		}
		if err := unix.Ftruncate(fd, 0); err != nil {
			return err
		}
	}
	return writeAll(fd, data)
}

// trusts reports whether a file that exists may be written in place: it is ours or root's, or, as far as our own rights go,
// that of a user who did not need a directory for all users to make it.
func (d *Dir) trusts(file Info) bool {
	if file.UID == 0 || file.UID == uint32(effectiveUID()) {
		return true
	}
	dir, err := d.Lstat(".")
	return err == nil && !restricted() && dir.Mode&unix.S_ISVTX == 0
}

// writeAll writes all of data.
func writeAll(fd int, data []byte) error {
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return err
		case n == 0:
			return syscall.ENOSPC
		}
		data = data[max(n, 0):]
	}
	return nil
}

// ReplaceOwn writes a file that ReadOwn reads, and returns when it is on disk. It is written under a temporary name and renamed, so
// that the name never leads to a part of it. What has the name must be a plain file, or a link, which is replaced, not followed.
func ReplaceOwn(name string, data []byte, mode uint32) error {
	d, base, err := OpenDir(name, None)
	if err != nil {
		return err
	}
	defer d.Close()
	info, err := d.Lstat(base)
	if err == nil && !info.IsRegular() && !info.is(unix.S_IFLNK) {
		return errNotRegular
	}
	if err := d.replaceBy(base, mode, func(fd int) error {
		if err := writeAll(fd, data); err != nil {
			return err
		}
		return toDisk(fd)
	}); err != nil {
		return err
	}
	fd, err := openat(d.fd, d.prefix+".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil // it can be written and not read: the name is on disk as soon as the system writes it
	}
	defer unix.Close(fd)
	if err := toDisk(fd); err != syscall.EINVAL { // of file systems without it
		return err
	}
	return nil
}

// toDisk returns when what was written is on disk.
func toDisk(fd int) (err error) {
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = unix.Fsync(fd)
	}
	return err
}
