package logs

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// ErrArguments is returned for an offset and a length that do not go together.
var ErrArguments = errors.New("bad offset or length")

// maxWindow bounds what one call returns, in bytes, and so the memory that one client can make us use.
const maxWindow = 128 << 20

// farAway is beyond the end of any file; larger numbers are clamped to it, so that sums do not overflow.
const farAway = 1 << 60

// Read returns a part of the file: length bytes from offset, with length 0 everything from there; with a negative
// offset and length 0 the last -offset bytes. Beyond the end data is empty. ErrArguments for other combinations; a
// missing file is an error that errors.Is fs.ErrNotExist. Source: readProcessStdoutLog.
func Read(path string, offset, length int64) ([]byte, error) {
	f, size, err := openWindow(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	offset, length = clamp(offset), clamp(length)
	switch {
	case length < 0, offset < 0 && length != 0:
		return nil, ErrArguments
	case offset < 0:
		offset = max(0, size+offset)
		length = size - offset
	case length == 0:
		length = size - offset
	}
	return readAt(f, offset, min(length, size-offset))
}

// Tail returns the last length bytes of the file, the file's size as the offset for the next call, and whether more than
// length bytes were written since offset. If offset is not before the end there is no data. A missing file is not an error:
// all results are zero. Source: tailProcessStdoutLog.
func Tail(path string, offset, length int64) (data []byte, next int64, overflow bool, err error) {
	f, size, err := openWindow(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, err
	}
	defer f.Close()
	offset, length = clamp(offset), clamp(length)
	overflow = size > offset+length
	if length <= 0 || !overflow && offset >= size {
		return nil, size, overflow, nil
	}
	start := max(0, size-min(length, maxWindow))
	data, err = readAt(f, start, size-start)
	return data, size, overflow, err
}

// openWindow opens a log for reading and returns its size. It does not block, not even on a FIFO.
func openWindow(path string) (*os.File, int64, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, size, nil
}

// readAt reads up to length bytes at offset: the file may have become shorter meanwhile.
func readAt(f *os.File, offset, length int64) ([]byte, error) {
	if length <= 0 {
		return nil, nil
	}
	data := make([]byte, min(length, maxWindow))
	n, err := f.ReadAt(data, offset)
	if err == io.EOF {
		err = nil
	}
	return data[:n], err
}

func clamp(n int64) int64 { return max(-farAway, min(n, farAway)) }
