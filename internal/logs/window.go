package logs

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// Source is a log to read, by the rules of safefile.Open: a link in its path that an unprivileged user made leads to files of
// that user only.
type Source struct {
	Path  string
	Owner int // the user of the program whose log it is; 0: root, or none
}

// errNotRegular is the error for a log that is a directory, a device or a FIFO.
var errNotRegular = &os.PathError{Op: "read", Path: "log", Err: syscall.EINVAL}

// Open opens a log that is a plain file. It never blocks.
func (s Source) Open() (*os.File, error) {
	fd, info, err := safefile.OpenRead(s.Path, s.Owner)
	if err != nil {
		return nil, err
	}
	if !info.IsRegular() {
		_ = syscall.Close(fd)
		return nil, errNotRegular
	}
	return os.NewFile(uintptr(fd), s.Path), nil
}

// Empty reports whether the log is empty or does not exist.
func (s Source) Empty() bool {
	fd, size, err := openWindow(s)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	_ = syscall.Close(fd)
	return size == 0
}

// ErrArguments is returned for an offset and a length that do not go together.
var ErrArguments = errors.New("bad offset or length")

// maxWindow bounds what one call returns, in bytes, and so the memory that one client can make us use. It is the length of
// the longest answer, and more than a log has that is rotated at the default size.
func maxWindow() int64 { return budget.Answer.Limit }

// farAway is beyond the end of any file; larger numbers are clamped to it, so that sums do not overflow.
const farAway = 1 << 60

// Read returns a part of the file: length bytes from offset, with length 0 everything from there; with a negative
// offset and length 0 the last -offset bytes. Beyond the end data is empty. ErrArguments for other combinations; a
// missing file is an error that errors.Is fs.ErrNotExist. Source: readProcessStdoutLog.
func Read(log Source, offset, length int64) ([]byte, error) {
	fd, size, err := openWindow(log)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	offset, length = clamp(offset), clamp(length)
	switch {
	case length < 0, offset < 0 && length != 0:
		return nil, ErrArguments
	case offset < 0:
		offset = max(0, size+offset, size-maxWindow())
		length = size - offset
	case length == 0:
		length = size - offset
	}
	return readAt(fd, offset, min(length, size-offset))
}

// Tail returns the last length bytes of the file, the file's size as the offset for the next call, and whether more than
// length bytes were written since offset. If offset is not before the end there is no data. A missing file is not an error:
// all results are zero. Source: tailProcessStdoutLog.
func Tail(log Source, offset, length int64) (data []byte, next int64, overflow bool, err error) {
	fd, size, err := openWindow(log)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, err
	}
	defer syscall.Close(fd)
	offset, length = clamp(offset), clamp(length)
	overflow = size > offset+length
	if length <= 0 || !overflow && offset >= size {
		return nil, size, overflow, nil
	}
	start := max(0, size-min(length, maxWindow()))
	data, err = readAt(fd, start, size-start)
	return data, size, overflow, err
}

// openWindow opens a log for reading and returns its size. It does not block, not even on a FIFO. A device that has no end,
// such as /dev/null, counts as empty.
func openWindow(log Source) (fd int, size int64, err error) {
	fd, info, err := safefile.OpenRead(log.Path, log.Owner)
	switch {
	case err != nil:
		return -1, 0, err
	case info.IsRegular():
		return fd, info.Size, nil
	case info.IsDevice():
		if _, err = syscall.Seek(fd, 0, io.SeekEnd); err == nil {
			return fd, 0, nil
		}
	default:
		err = errNotRegular
	}
	_ = syscall.Close(fd)
	return -1, 0, err
}

// readAt reads up to length bytes at offset: the file may have become shorter meanwhile.
func readAt(fd int, offset, length int64) ([]byte, error) {
	if length <= 0 {
		return nil, nil
	}
	data := make([]byte, min(length, maxWindow()))
	read := 0
	for read < len(data) {
		n, err := unix.Pread(fd, data[read:], offset+int64(read))
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return data[:read], err
		case n == 0:
			return data[:read], nil
		default:
			read += n
		}
	}
	return data, nil
}

func clamp(n int64) int64 { return max(-farAway, min(n, farAway)) }
