package rotation

import "time"

// Every says at which moments of the local clock a log is rotated. The zero value is never.
type Every struct {
	Step   time.Duration // between two moments; one below a day counts from each midnight
	Offset time.Duration // of the first one: after midnight, or after the beginning of a week
}

const day = 24 * time.Hour

// Layout is that of dates in names of files that are rotated at these moments.
func (e Every) Layout() string {
	if e.Step > 0 && e.Step < day {
		return hourLayout
	}
	return dayLayout
}

// Next returns the first moment after t, in the zone of t. A moment that the clock skips is at the end of the gap; of one that comes twice,
// the first counts. Zero: never.
func (e Every) Next(t time.Time) time.Time {
	if e.Step <= 0 {
		return time.Time{}
	}
	for wall := wallOf(t); ; {
		wall = e.after(wall)
		if at := earliest(wall, t.Location()); at.After(t) {
			return at
		}
	}
}

// after returns the first moment after wall. Both are readings of a clock, as times in UTC.
func (e Every) after(wall time.Time) time.Time {
	if e.Step < day {
		midnight := wall.Truncate(day)
		next := midnight.Add(wall.Sub(midnight)/e.Step*e.Step + e.Step)
		if tomorrow := midnight.Add(day); next.After(tomorrow) {
			return tomorrow
		}
		return next
	}
	start := time.Unix(0, 0).UTC().Add(e.Offset)
	steps := wall.Sub(start) / e.Step
	if wall.Before(start) {
		steps--
	}
	return start.Add(steps*e.Step + e.Step)
}

// wallOf returns what the clock shows at t, as a time in UTC.
func wallOf(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second).Round(0)
}

// earliest returns when the clock of a place shows wall for the first time, or the end of the gap in which it would.
func earliest(wall time.Time, place *time.Location) time.Time {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), place)
	start, end := t.ZoneBounds()
	switch shown := wallOf(t); {
	case shown.After(wall):
		return start
	case shown.Before(wall):
		return end
	}
	if !start.IsZero() {
		_, before := start.Add(-1).Zone()
		if earlier := wall.Add(-time.Duration(before) * time.Second).In(place); earlier.Before(start) {
			return earlier
		}
	}
	return t
}
