package logs

import (
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/rotation"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// renames is held while rotated files are renamed or removed, so that a compressed file gets the number that its source has then. It is
// never held while a file is read, written or compressed.
var renames sync.Mutex

// row is the directory of a log, for what is done with its rotated files. They stay in this directory, even if its path leads elsewhere
// meanwhile.
type row struct {
	dir   *safefile.Dir
	base  string // the name of the log
	path  string
	owner int
	other int    // the user to whom the files are given, 0: root, or none
	in    uint32 // the user whose directory it is
}

// openRow opens the directory of a log, whose files are given to another user if that is not 0. The caller closes it.
func openRow(log Source, other int) (*row, error) {
	dir, base, err := safefile.OpenDir(log.Path, log.Owner)
	if err != nil {
		return nil, err
	}
	r := &row{dir: dir, base: base, path: log.Path, owner: log.Owner, other: other}
	if info, err := dir.Lstat("."); err == nil {
		r.in = info.UID
	}
	return r, nil
}

func (r *row) close() { r.dir.Close() }

// name is the name of a rotated file in the directory.
func (r *row) name(n rotation.Name) string { return r.base + n.String() }

// shown is the path of a name, for messages.
func (r *row) shown(name string) string { return filepath.Join(filepath.Dir(r.path), name) }

// mayChange reports whether a file is one that may be removed or compressed: a plain one, that belongs to us, to the user of the
// program, to the one to whom it was given, or to that of the directory.
func (r *row) mayChange(info *safefile.Info) bool {
	return info.IsRegular() && (info.UID == uint32(syscall.Geteuid()) || info.UID == uint32(r.owner) || info.UID == uint32(r.other) || info.UID == r.in)
}

// files returns the rotated files of the log that may be changed, in no order, and the names of incomplete compressed ones that are older
// than this program.
func (r *row) files() (files []rotation.File, parts []string, err error) {
	names, err := r.dir.Names()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		n, ok := rotation.Parse(r.base, name)
		part := !ok && rotation.IsPart(r.base, name)
		if !ok && !part {
			continue
		}
		info, err := r.dir.Lstat(name)
		switch {
		case err != nil || !r.mayChange(&info):
		case !part:
			files = append(files, rotation.File{Name: n, Size: info.Size, Modified: time.Unix(0, info.Modified)})
		case time.Unix(0, info.Modified).Before(began):
			parts = append(parts, name)
		}
	}
	return files, parts, nil
}

// exists reports whether there is a file of a name.
func (r *row) exists(name string) bool {
	_, err := r.dir.Lstat(name)
	return err == nil
}

// remove removes a name if it still is that of a file that may be changed. The file itself, which may be large, is freed when no lock is
// held.
func (r *row) remove(name string) {
	fd, info, err := r.dir.Open(name, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err == nil {
		defer syscall.Close(fd)
	} else if info, err = r.dir.Lstat(name); err != nil { // one that we cannot read
		return
	}
	if r.mayChange(&info) {
		_ = r.dir.Unlink(name)
	}
}

// shift makes room for a new file .1: each .k, in all its forms, becomes .k+1, and .count is removed.
func (r *row) shift(count int) {
	for k := count - 1; k >= 1; k-- {
		moved := false
		var left []string
		for form := range rotation.Endings {
			from, to := rotation.Name{Number: k, Form: rotation.Compression(form)}, rotation.Name{Number: k + 1, Form: rotation.Compression(form)}
			if r.dir.Rename(r.name(from), r.name(to)) == nil {
				moved = true
			} else {
				left = append(left, r.name(to))
			}
		}
		if moved && k+1 == count {
			r.removeAll(left)
		}
	}
	if count == 1 {
		r.removeAll([]string{r.name(rotation.Name{Number: 1, Form: rotation.Gzip}), r.name(rotation.Name{Number: 1, Form: rotation.Zstd})})
	}
}

// dated returns the name that the file of the log gets: the date of its last line, and a number if there are others of that date. They may
// be anything.
func (r *row) dated(layout string) (n rotation.Name, err error) {
	info, err := r.dir.Lstat(r.base)
	if err != nil {
		return n, err
	}
	names, err := r.dir.Names()
	if err != nil {
		return n, err
	}
	var files []rotation.File
	for _, name := range names {
		if other, ok := rotation.Parse(r.base, strings.TrimSuffix(name, rotation.PartEnding)); ok {
			files = append(files, rotation.File{Name: other})
		}
	}
	n.Date = time.Unix(0, info.Modified).Format(layout)
	n.Number = rotation.NextNumber(files, n.Date)
	return n, nil
}

func (r *row) removeAll(names []string) {
	for _, name := range names {
		r.remove(name)
	}
}
