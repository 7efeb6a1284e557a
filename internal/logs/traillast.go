package logs

import (
	"bytes"
	"io"
	"os"
	"slices"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/rotation"
)

// Limits of Last.
const (
	lastFiles = 4       // the open one, and rotated ones
	lastBytes = 1 << 20 // of each
)

// Last returns the last n records of a file, the oldest first, also from rotated files that are not compressed. It reads at most 1 MiB of
// each of four files. There are none of a Trail without a file, or whose file is no plain one.
func (t *Trail) Last(n int) (lines [][]byte, err error) {
	if t.Path() == "" {
		return nil, nil
	}
	files, err := t.openLast()
	for _, f := range files {
		if len(lines) < n && err == nil {
			var more [][]byte
			var whole bool
			more, whole, err = lastLines(f)
			lines = append(more, lines...)
			if !whole {
				n = min(n, len(lines))
			}
		}
		f.Close()
	}
	return lines[max(0, len(lines)-n):], err
}

// openLast opens the file and the rotated files before it, the newest first. They are those of one moment: no rotation comes between.
func (t *Trail) openLast() (files []*os.File, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	log := Source{Path: t.path}
	current, err := log.Open()
	if err != nil {
		return nil, err
	}
	files = []*os.File{current}
	r, err := openRow(log, 0)
	if err != nil {
		return files, nil
	}
	defer r.close()
	rotated, _, _ := r.files()
	slices.SortFunc(rotated, func(a, b rotation.File) int { return b.Modified.Compare(a.Modified) })
	for _, f := range rotated {
		if f.Name.Form != rotation.Uncompressed || len(files) == lastFiles {
			break
		}
		fd, info, err := r.dir.Open(r.name(f.Name), syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
		if err != nil {
			break
		}
		file := os.NewFile(uintptr(fd), r.name(f.Name))
		if !info.IsRegular() {
			file.Close()
			break
		}
		files = append(files, file)
	}
	return files, nil
}

// lastLines returns the last lines of a file, and whether these are all. A part of a line is none.
func lastLines(f *os.File) (lines [][]byte, whole bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	from := max(0, info.Size()-lastBytes)
	text := make([]byte, info.Size()-from)
	n, err := f.ReadAt(text, from)
	if err != nil && err != io.EOF {
		return nil, false, err
	}
	text = text[:n]
	if from > 0 {
		_, text, _ = bytes.Cut(text, []byte{'\n'})
	}
	for line := range bytes.Lines(text) {
		if line[len(line)-1] == '\n' {
			lines = append(lines, line[:len(line)-1])
		}
	}
	return lines, from == 0, nil
}
