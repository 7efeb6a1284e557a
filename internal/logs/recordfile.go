package logs

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/gosupervisor/supervisor/internal/rotation"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

const (
	// maxSearchLine bounds a record that is searched, in bytes. Of a longer one the rest is ignored.
	maxSearchLine = 1 << 20
	// searchBlock is how much is read at once, in bytes.
	searchBlock = 64 << 10
	// probeBlock is how much is read at once to find a time, and maxProbe how much at most: more than the longest record in JSON, in
	// bytes.
	probeBlock = 8 << 10
	maxProbe   = 2 << 20
	// maxWindowSize is how far back a compressed file may refer, in bytes: one that we have written refers to zstdWindow.
	maxWindowSize = 8 << 20
)

// recordFile reads records of one file of a log.
type recordFile struct {
	file    *os.File
	info    safefile.Info
	form    rotation.Compression
	current bool // it is the log itself: its last line may not be complete
	input   *bufio.Reader
	unzip   io.Closer // nil: it is not compressed
	clock   recordClock
	read    *int64 // the bytes that were read

	line   []byte // the line behind the record
	at     int64  // its time
	again  int64
	timed  bool
	ahead  bool // there is one
	last   int64
	passed int64 // bytes of lines
}

// countingReader counts what is read.
type countingReader struct {
	from io.Reader
	f    *recordFile
}

func (c countingReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	*c.f.read += int64(n)
	return n, err
}

// begin has a file read from its beginning.
func (f *recordFile) begin(block int) error {
	f.ahead, f.last = false, 0
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	raw := countingReader{f.file, f}
	switch f.form {
	case rotation.Gzip:
		unzip, err := gzip.NewReader(bufio.NewReaderSize(raw, block))
		if err != nil {
			return err
		}
		f.input, f.unzip = bufio.NewReaderSize(unzip, block), unzip
	case rotation.Zstd:
		unzip, err := zstd.NewReader(bufio.NewReaderSize(raw, block), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindowSize))
		if err != nil {
			return err
		}
		closer := unzip.IOReadCloser()
		f.input, f.unzip = bufio.NewReaderSize(closer, block), closer
	default:
		f.input = bufio.NewReaderSize(raw, block)
	}
	return nil
}

// endInput ends the reading of a compressed file.
func (f *recordFile) endInput() {
	if f.unzip != nil {
		f.unzip.Close()
		f.unzip = nil
	}
}

func (f *recordFile) close() {
	f.endInput()
	f.file.Close()
}

// readLine reads the next line. The error is io.EOF after the last one.
func (f *recordFile) readLine() error {
	f.line, f.ahead, f.timed = f.line[:0], false, false
	for {
		part, err := f.input.ReadSlice('\n')
		f.passed += int64(len(part))
		f.line = append(f.line, part[:min(len(part), maxSearchLine-len(f.line))]...)
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err != nil && (err != io.EOF || len(f.line) == 0 || f.current):
			return err
		}
		break
	}
	f.line = bytes.TrimSuffix(f.line, []byte{'\n'})
	f.ahead = true
	f.at, f.again, f.timed = f.clock.read(f.line)
	return nil
}

// next reads the next record into text, whose memory it uses, and returns its time. What comes before the first time is left out. The
// error is io.EOF after the last record.
func (f *recordFile) next(text []byte) (at int64, record []byte, err error) {
	for !f.ahead || !f.timed {
		if err := f.readLine(); err != nil {
			return 0, text, err
		}
	}
	at = f.at
	if at < f.last && at+f.again >= f.last {
		at += f.again
	}
	f.last = at
	text = append(text[:0], f.line...)
	for {
		err := f.readLine()
		switch {
		case err == io.EOF || err == nil && f.timed:
			return at, text, nil
		case err != nil:
			return at, text, err
		case len(text)+1+len(f.line) <= maxSearchLine:
			text = append(append(text, '\n'), f.line...)
		}
	}
}

// first returns the time of the first record, false if none is near the beginning.
func (f *recordFile) first() (at int64, ok bool, err error) {
	defer f.endInput()
	if err := f.begin(probeBlock); err != nil {
		return 0, false, err
	}
	for f.passed = 0; f.passed < maxProbe; {
		if err := f.readLine(); err == io.EOF {
			break
		} else if err != nil {
			return 0, false, err
		}
		if f.timed {
			return f.at, true, nil
		}
	}
	return 0, false, nil
}

// firstFrom returns the time of the first record that begins behind an offset of a plain file and before another one, false if there is
// none near the offset.
func (f *recordFile) firstFrom(offset, end int64) (at int64, ok bool) {
	var buffer []byte
	begun := false // buffer begins a line
	for end = min(end, offset+maxProbe); offset < end; {
		before := len(buffer)
		buffer = slices.Grow(buffer, probeBlock)[:before+probeBlock]
		n, _ := f.file.ReadAt(buffer[before:], offset)
		if n == 0 {
			return 0, false
		}
		*f.read += int64(n)
		offset += int64(n)
		for buffer = buffer[:before+n]; ; begun = true {
			line := bytes.IndexByte(buffer, '\n')
			if begun && (line >= 0 || len(buffer) > len(jsonTime)+len(`+00:00"`)) {
				if at, _, ok := f.clock.read(buffer); ok {
					return at, true
				}
			}
			if line < 0 {
				break
			}
			buffer = buffer[line+1:]
		}
	}
	return 0, false
}

// seek has a file read from a place on, before which no record has a time from since on. First is the time of the first record, if it has
// one near its beginning.
func (f *recordFile) seek(since int64, timed bool) error {
	if f.form != rotation.Uncompressed {
		return f.begin(searchBlock)
	}
	low, high := int64(0), f.info.Size
	for high-low > searchBlock {
		middle := low + (high-low)/2
		switch at, ok := f.firstFrom(middle, high); {
		case ok && at < since, !ok && !timed: // what has no times is from before there was a format
			low = middle
		default:
			high = middle
		}
	}
	if err := f.begin(searchBlock); err != nil || low == 0 {
		return err
	}
	if _, err := f.file.Seek(low, io.SeekStart); err != nil {
		return err
	}
	f.input.Reset(countingReader{f.file, f})
	err := f.readLine()
	f.ahead = false
	if err == io.EOF {
		return nil
	}
	return err
}

// earlier is a time before which no record of a time from since on stands, though the clock of the log may have been set back since.
func earlier(since int64, zone *time.Location) int64 {
	t := time.UnixMicro(since).In(zone)
	if setBack(t.Add(-nearShift), t.Add(nearShift)) > 0 {
		return since - nearShift.Microseconds()
	}
	return since
}
