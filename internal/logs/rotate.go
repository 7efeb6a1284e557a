package logs

import (
	"io"
	"strconv"
	"syscall"
)

// rotateIfDue rotates when the position in the file has reached the limit. The size in memory only says when to ask for
// it: another program may have truncated the file.
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

// rotate renames .k to .k+1 and the file to .1, and creates a new one; without backups it truncates the file. Missing files
// are skipped. If the new file cannot be opened, the old descriptor stays in use, and the next try is after as many bytes
// again.
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

// backup returns the name of the k-th rotated file; 1 is the newest.
func (f *File) backup(k int32) string { return f.path + "." + strconv.Itoa(int(k)) }
