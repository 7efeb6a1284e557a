package schedule

import "time"

// Timetable is a schedule of one process, and what has happened of it. Times are those of the wall clock; an interval goes by the
// monotonic clock, so that a clock that is set often does not put it off for ever.
type Timetable struct {
	schedule *Schedule
	next     time.Time // zero: never
	last     time.Time // the time that came last; zero: none
}

// tolerance is how late a time may come and still count.
const tolerance = time.Minute

// correction is how far a clock is set back that has been wrong. What came by it does not matter any more.
const correction = 24 * time.Hour

// New returns a Timetable whose first time comes after now.
func New(s *Schedule, now time.Time) *Timetable {
	t := &Timetable{schedule: s}
	t.plan(now)
	return t
}

// plan finds the next time. A time that has come does not come again if the clock is set back.
func (t *Timetable) plan(now time.Time) {
	if t.schedule.every > 0 {
		t.next = now.Add(t.schedule.every)
		return
	}
	from := now.Round(0)
	if t.schedule.fixed && t.last.After(from) && t.last.Sub(from) <= correction {
		from = t.last
	}
	t.next = t.schedule.Next(from)
}

// Next is the next time as the wall clock has it now, zero for never.
func (t *Timetable) Next(now time.Time) time.Time {
	if t.next.IsZero() {
		return t.next
	}
	return now.Round(0).Add(t.until(now))
}

// Wake is the moment at which the next time comes, with a monotonic reading, zero for never.
func (t *Timetable) Wake(now time.Time) time.Time {
	if t.next.IsZero() {
		return t.next
	}
	return now.Add(t.until(now))
}

// until is how long it is until the next time. A difference is one of wall clocks if one of the times has no monotonic reading.
func (t *Timetable) until(now time.Time) time.Duration { return t.next.Sub(now) }

// Come reports whether the next time has come, and how late it is noticed. Then the one after it is the next.
func (t *Timetable) Come(now time.Time) (came bool, late time.Duration) {
	if t.next.IsZero() || t.until(now) > 0 {
		return false, 0
	}
	late = -t.until(now)
	t.last = t.next.Round(0)
	t.plan(now)
	return true, late
}

// ClockSet finds the next time anew after the clock was set, unless it has come by that.
func (t *Timetable) ClockSet(now time.Time) {
	if t.schedule.every == 0 && (t.next.IsZero() || t.until(now) > 0) {
		t.plan(now)
	}
}

// TooLate reports whether a time that comes so late does not count.
func TooLate(late time.Duration) bool { return late > tolerance }

// Missed returns the first time after another one that has passed, zero if there is none.
func (t *Timetable) Missed(since, now time.Time) time.Time {
	if next := t.schedule.Next(since); t.schedule.every == 0 && !next.IsZero() && !next.After(now.Round(0)) {
		return next
	}
	return time.Time{}
}
