package logs

import (
	"fmt"
	"syscall"
	"time"
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
	}
	return fmt.Sprintf("could not write %s: %v, its output is lost until this is fixed", what, condition)
}

// isWritable reports whether the log itself can take the line about a condition.
func isWritable(condition error) bool {
	switch condition.(type) {
	case *resumed, *recreated, *rotationError:
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
// removed is created again, since what is written to it is lost; one that was renamed is used until Reopen. The lock is
// held.
func (f *File) checkLinked() error {
	if !f.plain || f.fd < 0 {
		return nil
	}
	now := time.Now()
	if now.Sub(f.checkedAt) < time.Second {
		return nil
	}
	f.checkedAt = now
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.fd), &st); err != nil || st.Nlink > 0 {
		f.sinceCheck = 0
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
