package logs

import (
	"fmt"
	"syscall"
	"time"
)

// calm is how long writing must have gone well before a failure counts as mended: on a disk that is almost full a short
// line may find room where the next long one does not.
const calm = time.Second

// Resumed is the news that a log takes output again.
type Resumed struct{ Lost int64 } // bytes that could not be written meanwhile

func (r *Resumed) Error() string { return fmt.Sprintf("%d bytes were lost", r.Lost) }

// Lost is the news at a log's end that output was lost which had not been counted to anybody yet.
type Lost struct{ Bytes int64 }

func (l *Lost) Error() string { return fmt.Sprintf("%d bytes were lost", l.Bytes) }

// RotationError is the news that a log could not be rotated. It is written to all the same.
type RotationError struct{ Err error }

func (e *RotationError) Error() string { return e.Err.Error() }

// Unwrap is the reason.
func (e *RotationError) Unwrap() error { return e.Err }

// Remade is the news that a log had been removed and was made again.
type Remade struct{ Lost int64 } // bytes that may have gone with it, at most

func (r *Remade) Error() string { return fmt.Sprintf("at most %d bytes were lost", r.Lost) }

// tell puts news of a log into words. What names the log.
func tell(what string, news error) string {
	switch news.(type) {
	case *Resumed:
		return fmt.Sprintf("%s is written again, %v", what, news)
	case *Lost:
		return fmt.Sprintf("%s could not be written, %v", what, news)
	case *RotationError:
		return fmt.Sprintf("could not rotate %s: %v, it grows until this is mended", what, news)
	case *Remade:
		return fmt.Sprintf("%s had been removed and is made again, %v", what, news)
	}
	return fmt.Sprintf("could not write %s: %v, its output is lost until this is mended", what, news)
}

// takesLines is true for news that the log itself can hold.
func takesLines(news error) bool {
	switch news.(type) {
	case *Resumed, *Remade, *RotationError:
		return true
	}
	return false
}

// report takes the result of a write and returns what is new in it. The lock is held.
func (f *File) report(err error) error {
	switch {
	case err != nil:
		first := !f.failing
		f.failing, f.failed = true, time.Now()
		if first {
			return err
		}
	case f.failing && !f.gone && time.Since(f.failed) >= calm:
		lost := f.lost - f.told
		f.failing, f.told = false, f.lost
		return &Resumed{Lost: lost}
	}
	return nil
}

// reportRotation does the same for a rotation that was due.
func (f *File) reportRotation(err error) error {
	if err == nil || f.stuck {
		f.stuck = err != nil
		return nil
	}
	f.stuck = true
	return &RotationError{Err: err}
}

// look makes sure, once a second while output comes, that the file still has a name; one that has none is made again, for
// what goes into it is lost with it. A file that was renamed is left alone until Reopen. The lock is held.
func (f *File) look() error {
	if !f.plain || f.fd < 0 {
		return nil
	}
	now := time.Now()
	if now.Sub(f.looked) < time.Second {
		return nil
	}
	f.looked = now
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.fd), &st); err != nil || st.Nlink > 0 {
		f.unsure = 0
		return nil
	}
	gone, unsure := f.gone, f.unsure
	f.gone = true
	fd, err := f.openBase(0)
	if err != nil {
		f.lost, f.unsure = f.lost+unsure, 0
		return f.report(err)
	}
	f.use(fd)
	if gone { // what had failed is told of by report
		return nil
	}
	f.told = f.lost
	return &Remade{Lost: unsure}
}
