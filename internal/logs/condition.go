package logs

import (
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A condition of a log is reported once, as an error of the write that found it, and once more when it is over. The errors
// of this file are conditions; any other error of a write means that writing fails now.

// recoveryTime is how long writing must succeed before a failure counts as over: on a disk that is almost full a short
// line may fit where the next long one does not.
const recoveryTime = time.Second

// resumed reports that a log can be written again.
type resumed struct{ lost int64 } // bytes that could not be written meanwhile

func (r *resumed) Error() string { return fmt.Sprintf("%d bytes were lost", r.lost) }

// lostAtEnd reports, when a log is closed, lost output that was not reported before.
type lostAtEnd struct{ bytes int64 }

func (l *lostAtEnd) Error() string { return fmt.Sprintf("%d bytes were lost", l.bytes) }

// rotationError reports that a log could not be rotated. It is written to nevertheless.
type rotationError struct{ err error }

func (e *rotationError) Error() string { return e.err.Error() }

func (e *rotationError) Unwrap() error { return e.err }

// recreated reports that a log had been removed and was created again.
type recreated struct{ lost int64 } // bytes that may have gone to the removed file, at most

func (r *recreated) Error() string { return fmt.Sprintf("at most %d bytes were lost", r.lost) }

// reopened reports that a log had been renamed without a signal, and that its path was opened again.
type reopened struct{}

func (*reopened) Error() string { return "opened again" }

// notReopened reports the same, but that the path could not be opened.
type notReopened struct{ err error }

func (e *notReopened) Error() string { return e.err.Error() }
func (e *notReopened) Unwrap() error { return e.err }

// describe is the text about a condition of a log. What names the log.
func describe(what string, condition error) string {
	switch condition.(type) {
	case *resumed:
		return fmt.Sprintf("%s is written again, %v", what, condition)
	case *lostAtEnd:
		return fmt.Sprintf("%s could not be written, %v", what, condition)
	case *rotationError:
		return fmt.Sprintf("could not rotate %s: %v, it grows until this is fixed", what, condition)
	case *recreated:
		return fmt.Sprintf("%s had been removed and was created again, %v", what, condition)
	case *reopened:
		return fmt.Sprintf("%s had been renamed without SIGUSR2 and was %v", what, condition)
	case *notReopened:
		return fmt.Sprintf("%s was renamed and cannot be opened again: %v, the renamed file is used until this is fixed", what, condition)
	}
	return fmt.Sprintf("could not write %s: %v, its output is lost until this is fixed", what, condition)
}

// isWritable reports whether the log itself can take the line about a condition.
func isWritable(condition error) bool {
	switch condition.(type) {
	case *resumed, *recreated, *rotationError, *reopened, *notReopened:
		return true
	}
	return false
}

// report returns the condition that begins or ends with the result of a write. The lock is held.
func (f *File) report(err error) error {
	switch {
	case err != nil:
		begins := !f.failing
		f.failing, f.failed = true, time.Now()
		if begins {
			return err
		}
	case f.failing && !f.unlinked && time.Since(f.failed) >= recoveryTime:
		lost := f.lost - f.reported
		f.failing, f.reported = false, f.lost
		return &resumed{lost}
	}
	return nil
}

// reportRotation does the same for the result of a rotation that was due; its end is not reported.
func (f *File) reportRotation(err error) error {
	if err == nil || f.rotationFailing {
		f.rotationFailing = err != nil
		return nil
	}
	f.rotationFailing = true
	return &rotationError{err}
}

// checkLinked checks, at most once a second and only while output comes, that the file still has a name. A file that was
// removed is created again, since what is written to it is lost; comparePath looks for one that was renamed. The lock is held.
func (f *File) checkLinked() error {
	if !f.plain || f.fd < 0 {
		return nil
	}
	now := time.Now()
	if now.Sub(f.checkedAt) < time.Second {
		return nil
	}
	f.checkedAt = now
	var st unix.Stat_t
	if err := unix.Fstat(int(f.fd), &st); err != nil || st.Nlink > 0 {
		f.sinceCheck = 0
		if err == nil {
			return f.comparePath(&st, now)
		}
		return nil
	}
	before, sinceCheck := f.unlinked, f.sinceCheck
	f.unlinked = true
	if err := f.open(0); err != nil {
		f.lost, f.sinceCheck = f.lost+sinceCheck, 0
		return f.report(err)
	}
	if before { // the failure was reported, and report does so with its end
		return nil
	}
	f.reported = f.lost
	return &recreated{sinceCheck}
}

// compareInterval is the least time between two comparisons of a path with its file. What renames a log with the intention to
// send SIGUSR2 does so within less, so that it usually makes the new file itself.
const compareInterval = 60 // seconds

// comparePath checks, at most once in compareInterval, that the path still leads to the file, of which st is the status. If not,
// the path is opened: its file was renamed without a signal. The lock is held.
func (f *File) comparePath(st *unix.Stat_t, now time.Time) error {
	at := seconds(now)
	if at-f.comparedAt < compareInterval {
		return nil
	}
	f.comparedAt = at
	var there unix.Stat_t
	switch err := unix.Stat(f.path, &there); {
	case err == syscall.ENOENT:
	case err != nil:
		return nil
	case isSame(st, &there):
		f.renamed = false
		return nil
	}
	before := f.renamed
	if err := f.open(0); err != nil {
		f.renamed = true
		if before {
			return nil
		}
		return &notReopened{err}
	}
	return &reopened{}
}

// isSame reports whether two results of stat are of one file. Some network file systems give a file a new number now and then,
// but not another size and time too.
func isSame(a, b *unix.Stat_t) bool {
	return a.Dev == b.Dev && (a.Ino == b.Ino || a.Size == b.Size && a.Mtim == b.Mtim)
}

// began is a time of which seconds counts.
var began = time.Now()

// seconds is a time as a file holds it, in little memory: there are thousands of files.
func seconds(t time.Time) int32 { return int32(t.Sub(began) / time.Second) }
