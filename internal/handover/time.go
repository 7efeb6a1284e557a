package handover

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Time is a time in a room. It is written as nanoseconds of CLOCK_MONOTONIC, which go on when another program is executed, other than
// the monotonic clock readings of package time. So a deadline comes at its time, whatever happens to the wall clock.
type Time struct{ time.Time }

// origin is the same moment by both clocks.
var origin = func() (o struct {
	time      time.Time
	monotonic int64
}) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err) // there is no system without this clock
	}
	o.time, o.monotonic = time.Now(), ts.Nano()
	return o
}()

// MarshalJSON writes the zero time as null.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, origin.monotonic+int64(t.Sub(origin.time)), 10), nil
}

// UnmarshalJSON implements json.Unmarshaler. The time has a monotonic clock reading.
func (t *Time) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		t.Time = time.Time{}
		return nil
	}
	nanoseconds, err := strconv.ParseInt(string(text), 10, 64)
	if err == nil {
		t.Time = origin.time.Add(time.Duration(nanoseconds - origin.monotonic))
	}
	return err
}
