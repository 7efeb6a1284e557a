package logs

import (
	"io"
	"strconv"
	"syscall"
)

// rotateIfDue rotates when the position in the file has reached the limit. The size kept in memory only says when to
// ask: another program may have emptied the file meanwhile.
func (f *File) rotateIfDue() error {
	if f.size < f.max || f.fd < 0 {
		return nil
	}
	position, err := syscall.Seek(int(f.fd), 0, io.SeekCurrent)
	if err == nil && position < f.max {
		f.size = position
		return nil
	}
	return f.rotate()
}

// rotate makes .k to .k+1, the file to .1, and starts a new one; without backups it empties the file. Whatever is
// missing is skipped. When the new file cannot be opened, the old descriptor stays in use for another limit's worth.
func (f *File) rotate() error {
	f.size = 0
	for k := f.backups - 1; k >= 1; k-- {
		_ = syscall.Rename(f.backup(k), f.backup(k+1))
	}
	flags := syscall.O_TRUNC
	if f.backups > 0 {
		if err := syscall.Rename(f.path, f.backup(1)); ignoreMissing(err) != nil {
			return err
		}
		flags = 0
	}
	fd, err := f.openBase(flags)
	if err != nil {
		return err
	}
	f.use(fd)
	return nil
}

// backup is the name of the k-th rotated file; 1 is the newest.
func (f *File) backup(k int32) string { return f.path + "." + strconv.Itoa(int(k)) }
