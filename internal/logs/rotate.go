package logs

import (
	"io"
	"strconv"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/rotation"
	"github.com/gosupervisor/supervisor/internal/safefile"
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
	if f.backups <= 0 {
		return f.rotated(f.open(syscall.O_TRUNC))
	}
	if err := f.renameBackups(); err != nil {
		return err
	}
	err := f.rotated(f.open(0))
	if f.keys != nil {
		f.tend()
	}
	return err
}

// rotated counts a rotation, unless there is an error, which it returns.
func (f *File) rotated(err error) error {
	if err == nil {
		f.rotations++
	}
	return err
}

// renameBackups makes room for the new file, all in one directory, even if its path leads elsewhere meanwhile.
func (f *File) renameBackups() error {
	renames.Lock()
	defer renames.Unlock()
	if f.keys != nil && f.keys.policy.Tended() {
		return f.renameRow()
	}
	dir, base, err := safefile.OpenDir(f.path, int(f.owner))
	if err != nil {
		return ignoreMissing(err)
	}
	defer dir.Close()
	backup := func(k int32) string { return base + "." + strconv.Itoa(int(k)) } // 1 is the newest
	for k := f.backups - 1; k >= 1; k-- {
		_ = dir.Rename(backup(k), backup(k+1))
	}
	return ignoreMissing(dir.Rename(base, backup(1)))
}

// renameRow is renameBackups for files of which some may be compressed, or have dates.
func (f *File) renameRow() error {
	r, err := openRow(f.source(), f.keys.access.uid())
	if err != nil {
		return ignoreMissing(err)
	}
	defer r.close()
	to := rotation.Name{Number: 1}
	if f.keys.policy.Dated {
		if to, err = r.dated(f.keys.policy.Every.Layout()); err != nil {
			return ignoreMissing(err)
		}
	} else {
		r.shift(int(f.backups))
	}
	return ignoreMissing(r.dir.Rename(r.base, r.name(to)))
}

// Rotate rotates the file now. It returns false if there is nothing to rotate: an empty file, one that is closed, or a target that is
// not a plain file.
func (f *File) Rotate() (rotated bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 || !f.plain {
		return false, nil
	}
	info, err := safefile.Stat(int(f.fd))
	if err != nil || info.Size == 0 {
		return false, err
	}
	return true, f.rotate()
}

// Rotate rotates a log file that is not open, as File.Rotate does. A missing file stays missing.
func Rotate(log Source, o FileOptions) (rotated bool, err error) {
	fd, info, err := safefile.OpenRead(log.Path, log.Owner)
	if err != nil {
		return false, ignoreMissing(err)
	}
	_ = syscall.Close(fd)
	if !info.IsRegular() || info.Shared || info.Size == 0 {
		return false, nil
	}
	f, err := Open(log.Path, o)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return f.Rotate()
}
