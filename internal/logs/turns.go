package logs

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/rotation"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// fileKeys is what a File has that is not rotated by its size alone, or has a mode or an owner of its own.
type fileKeys struct {
	policy rotation.Policy
	access *Access // nil: mode and owner are left as they are

	makeDirs bool // missing directories of the path are made

	due    time.Time // when the file is rotated next, by the wall clock; zero: not known yet, or never
	seen   time.Time // the clock when that was asked last
	denied string    // why the file has not got its mode and owner
	swept  time.Time // when its rotated files were looked at last
}

// sweepInterval is the longest time between two looks at the rotated files of an open log whose age is limited.
const sweepInterval = 24 * time.Hour

// setOptions sets how the file is rotated. The lock is held, or the file is new.
func (f *File) setOptions(o FileOptions) {
	f.max, f.backups = max(o.MaxBytes, 0), int32(max(o.Backups, 0))
	var policy rotation.Policy
	if o.Rotation != nil {
		policy = *o.Rotation
	}
	if policy == (rotation.Policy{}) && o.Access == nil && !o.MakeDirs {
		f.keys = nil
		return
	}
	if f.keys == nil {
		f.keys = &fileKeys{}
	}
	if f.keys.policy.Every != policy.Every {
		f.keys.due = time.Time{}
	}
	f.keys.policy, f.keys.access, f.keys.makeDirs = policy, o.Access, o.MakeDirs
	f.max = policy.Limit(f.max)
}

// expect notes when a file that was opened is to be rotated: after the period of its last line.
func (t *fileKeys) expect(info safefile.Info, now time.Time) {
	t.seen = now.Round(0)
	last := t.seen
	if written := time.Unix(0, info.Modified); info.Size > 0 && written.Before(last) {
		last = written
	}
	t.due = t.policy.Every.Next(last)
}

// comes reports whether the time of a rotation has come, and notes the next one then. If the clock was set back, that is earlier than it
// was.
func (t *fileKeys) comes(now time.Time) bool {
	now = now.Round(0)
	before := t.seen
	t.seen = now
	switch next := t.policy.Every.Next; {
	case t.due.IsZero():
		return false
	case !now.Before(t.due):
		t.due = next(now)
		return true
	case now.Before(before):
		if at := next(now); at.Before(t.due) {
			t.due = at
		}
	}
	return false
}

// begin does what is due when the file is opened. A failure is found again by the first write.
func (f *File) begin(now time.Time) {
	if f.rotateByTime(now) == nil {
		f.tend()
	}
}

// rotateByTime rotates the file if it has lines of a period that has passed. The lock is held.
func (f *File) rotateByTime(now time.Time) error {
	t := f.keys
	if !f.plain || f.fd < 0 || t.policy.Every.Step == 0 {
		return nil
	}
	if t.due.IsZero() {
		info, err := safefile.Stat(int(f.fd))
		if err != nil {
			return nil
		}
		t.expect(info, now)
	}
	if !t.comes(now) {
		return nil
	}
	if info, err := safefile.Stat(int(f.fd)); err != nil || info.Size == 0 {
		return nil
	}
	return f.rotate()
}

// tend has the rotated files compressed and removed that are to be. The lock is held.
func (f *File) tend() {
	if f.plain && f.backups > 0 && f.keys.policy.Tended() {
		f.keys.swept = time.Now()
		rotated.add(JobState{Path: f.path, Owner: int(f.owner), Policy: f.keys.policy, Backups: int(f.backups), Limit: f.max, Other: f.keys.access.uid()})
	}
}

// Due returns when Tick is to be called, by the wall clock; zero: never.
func (f *File) Due() (at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.keys
	if t == nil || f.fd < 0 || !f.plain {
		return at
	}
	at = t.due
	if t.policy.MaxAge > 0 && f.backups > 0 {
		if sweep := t.swept.Round(0).Add(sweepInterval); at.IsZero() || sweep.Before(at) {
			at = sweep
		}
	}
	return at
}

// Tick does what is due. The error is a condition, as that of Write.
func (f *File) Tick(now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys == nil || f.fd < 0 {
		return nil
	}
	err := f.rotateByTime(now)
	if f.keys.policy.MaxAge > 0 && now.Sub(f.keys.swept) >= sweepInterval {
		f.tend()
	}
	return f.reportRotation(err)
}

// Soonest returns when the first of some files is to get a Tick, with a monotonic reading; zero: never. Files may be nil.
func Soonest(now time.Time, files ...*File) (at time.Time) {
	for _, f := range files {
		if f == nil {
			continue
		}
		if due := f.Due(); !due.IsZero() && (at.IsZero() || due.Before(at)) {
			at = due
		}
	}
	if at.IsZero() {
		return at
	}
	return now.Add(max(at.Sub(now.Round(0)), 0))
}
