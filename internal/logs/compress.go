package logs

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/rotation"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// errStopped is the error of a compression that is given up, and errChanging that of a file to which something is still written.
var (
	errStopped  = errors.New("the compression is given up")
	errChanging = errors.New("the file is being written to")
)

// zstdWindow is how far back equal bytes are looked for, and so what a reader needs, in bytes.
const zstdWindow = 1 << 20

// portion is how much is read at once, in bytes.
const portion = 64 << 10

// encoder writes compressed data.
type encoder interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// press has what compressions need one after the other. The zero value works.
type press struct {
	encoders [len(rotation.Endings)]encoder
	buffer   []byte
}

func (p *press) used() bool { return p.buffer != nil }

// encoder returns the encoder of a compression.
func (p *press) encoder(c rotation.Compression) (encoder, error) {
	if p.encoders[c] != nil {
		return p.encoders[c], nil
	}
	if c == rotation.Zstd {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, err
		}
		p.encoders[c] = e
	} else {
		p.encoders[c] = gzip.NewWriter(nil)
	}
	return p.encoders[c], nil
}

// compress makes a compressed file of a rotated one and puts it in its place, under the number that the file has then. An incomplete one
// has another name, and is removed if that fails.
func (p *press) compress(r *row, n rotation.Name, c rotation.Compression, stop *atomic.Bool) error {
	target := n
	target.Form = c
	if r.exists(r.name(target)) { // of another file: a copy of this one has been removed
		return errChanging
	}
	fd, source, err := r.dir.Open(r.name(n), syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	from := os.NewFile(uintptr(fd), r.name(n))
	defer from.Close()
	if !r.mayChange(&source) || source.Links != 1 {
		return errChanging
	}
	part := r.name(target) + rotation.PartEnding
	r.remove(part)
	fd, made, err := r.dir.Open(part, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	to := os.NewFile(uintptr(fd), part)
	err = p.write(to, from, c, stop)
	if err == nil {
		err = like(fd, &source)
	}
	if err == nil {
		err = to.Sync()
	}
	if closed := to.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = r.dir.SetModified(part, source.Modified)
	}
	if err == nil {
		err = r.replace(from, &source, n, part, &made, c)
	}
	if err != nil {
		if now, gone := r.dir.Lstat(part); gone == nil && now.Same(made) {
			_ = r.dir.Unlink(part)
		}
	}
	return reason(err)
}

// reason is an error without the name of the file, which messages have already.
func reason(err error) error {
	if number := syscall.Errno(0); errors.As(err, &number) {
		return number
	}
	return err
}

// write writes the compressed file.
func (p *press) write(to, from *os.File, c rotation.Compression, stop *atomic.Bool) error {
	e, err := p.encoder(c)
	if err != nil {
		return err
	}
	if p.buffer == nil {
		p.buffer = make([]byte, portion)
	}
	e.Reset(to)
	defer e.Reset(nil)
	for {
		if stop.Load() {
			return errStopped
		}
		n, err := from.Read(p.buffer)
		if n > 0 {
			if _, err := e.Write(p.buffer[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return e.Close()
		}
		if err != nil {
			return err
		}
	}
}

// like gives a new file owner and mode of its source. Where we cannot change the group, the group gets no rights.
func like(fd int, source *safefile.Info) error {
	mode := source.Mode & 0o777
	if err := unix.Fchown(fd, int(source.UID), int(source.GID)); err != nil {
		if own, err := safefile.Stat(fd); err != nil || own.GID != source.GID && unix.Fchown(fd, -1, int(source.GID)) != nil {
			mode &^= 0o070
		}
	}
	return unix.Fchmod(fd, mode)
}

// replace puts a complete compressed file in the place of its source, unless that has been written to, renamed to another name or
// removed.
func (r *row) replace(from *os.File, source *safefile.Info, n rotation.Name, part string, made *safefile.Info, c rotation.Compression) error {
	renames.Lock()
	defer renames.Unlock()
	now, err := safefile.Stat(int(from.Fd()))
	if err != nil {
		return err
	}
	if now.Size != source.Size || now.Modified != source.Modified {
		return errChanging
	}
	n, err = r.find(source, n)
	if err != nil {
		return err
	}
	target := n
	target.Form = c
	if r.exists(r.name(target)) {
		return errChanging
	}
	if there, err := r.dir.Lstat(part); err != nil || !there.Same(*made) {
		return errChanging
	}
	if err := r.dir.Rename(part, r.name(target)); err != nil {
		return err
	}
	return r.dir.Unlink(r.name(n))
}

// find returns the name that a rotated file has now, whose number may have grown. The lock renames is held.
func (r *row) find(source *safefile.Info, n rotation.Name) (rotation.Name, error) {
	if info, err := r.dir.Lstat(r.name(n)); err == nil && info.Same(*source) {
		return n, nil
	}
	files, _, err := r.files()
	if err != nil {
		return n, err
	}
	for _, f := range files {
		if f.Form != rotation.Uncompressed {
			continue
		}
		if info, err := r.dir.Lstat(r.name(f.Name)); err == nil && info.Same(*source) {
			return f.Name, nil
		}
	}
	return n, syscall.ENOENT
}
