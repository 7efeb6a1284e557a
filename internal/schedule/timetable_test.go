package schedule

import (
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// clock is a wall clock and a monotonic one, which tests set and let go on.
type clock struct{ time.Time }

// at is a clock whose wall clock shows a time of UTC, while the monotonic one shows that of this process.
func at(t *testing.T, text string) *clock {
	t.Helper()
	wall, err := time.Parse(time.DateTime, text)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c := &clock{now.Add(-time.Duration(now.Nanosecond()))}
	c.set(wall.Sub(c.Round(0)))
	return c
}

func (c *clock) pass(d time.Duration) { c.Time = c.Add(d) }

// set sets the wall clock forward by d.
func (c *clock) set(d time.Duration) {
	const nanoseconds = 30 // bits below the seconds
	*(*uint64)(unsafe.Pointer(reflect.ValueOf(&c.Time).Elem().FieldByName("wall").UnsafeAddr())) += uint64(int64(d/time.Second)) << nanoseconds
}

func table(t *testing.T, text string, c *clock) *Timetable {
	t.Helper()
	s, err := Parse(text, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return New(s, c.Time)
}

func (c *clock) next(t *Timetable) string { return t.Next(c.Time).UTC().Format(time.DateTime) }

func TestCome(t *testing.T) {
	c := at(t, "2026-01-01 02:59:00")
	daily := table(t, "0 3 * * *", c)
	if came, _ := daily.Come(c.Time); came || c.next(daily) != "2026-01-01 03:00:00" || daily.Wake(c.Time).Sub(c.Time) != time.Minute {
		t.Fatalf("%v, next %s in %v", came, c.next(daily), daily.Wake(c.Time).Sub(c.Time))
	}
	c.pass(61 * time.Second)
	if came, late := daily.Come(c.Time); !came || late != time.Second || c.next(daily) != "2026-01-02 03:00:00" {
		t.Errorf("%v, %v late, next %s", came, late, c.next(daily))
	}
	c.pass(30 * time.Hour)
	if came, late := daily.Come(c.Time); !came || !TooLate(late) || c.next(daily) != "2026-01-03 03:00:00" {
		t.Errorf("%v, %v late, next %s", came, late, c.next(daily))
	}
}

// covers: L7-f
// TestClockSetBack sets the clock back after a time has come.
func TestClockSetBack(t *testing.T) {
	for _, e := range []struct {
		text string
		back time.Duration
		want string
	}{
		{"0 3 * * *", time.Hour, "2026-01-02 03:00:00"},           // it does not come again
		{"0 1,2,3 * * *", 3 * time.Hour, "2026-01-02 01:00:00"},   // none of them does
		{"0 4 * * *", time.Hour, "2026-01-01 04:00:00"},           // it has not come yet
		{"*/30 * * * *", time.Hour, "2026-01-01 02:30:00"},        // goes by real time
		{"0 3 * * *", 90 * 24 * time.Hour, "2025-10-04 03:00:00"}, // the clock was wrong
		{"@every 2h", 90 * 24 * time.Hour, "2025-10-03 04:58:10"}, // it began at 02:59:00 by the wrong clock
	} {
		c := at(t, "2026-01-01 02:59:00")
		table := table(t, e.text, c)
		c.pass(70 * time.Second)
		table.Come(c.Time)
		wake := table.Wake(c.Time)
		c.set(-e.back)
		table.ClockSet(c.Time)
		if got := c.next(table); e.text != "@every 2h" && got != e.want {
			t.Errorf("%s, back by %v: next %s, not %s", e.text, e.back, got, e.want)
		}
		if e.text == "@every 2h" && table.Wake(c.Time).Sub(wake) != 0 {
			t.Errorf("%s: the clock changes %v to %v", e.text, wake, table.Wake(c.Time))
		}
	}
}

// TestClockSetForward sets the clock forward over a time: it comes, late.
func TestClockSetForward(t *testing.T) {
	c := at(t, "2026-01-01 02:59:00")
	daily := table(t, "0 3 * * *", c)
	c.set(2 * time.Hour)
	daily.ClockSet(c.Time)
	if came, late := daily.Come(c.Time); !came || late != 119*time.Minute || c.next(daily) != "2026-01-02 03:00:00" {
		t.Errorf("%v, %v late, next %s", came, late, c.next(daily))
	}
}

func TestMissed(t *testing.T) {
	c := at(t, "2026-01-05 12:00:00")
	daily, interval := table(t, "0 3 * * *", c), table(t, "@every 1h", c)
	if got := daily.Missed(c.Add(-48*time.Hour), c.Time); got.UTC().Format(time.DateTime) != "2026-01-04 03:00:00" {
		t.Errorf("%v", got)
	}
	if got := daily.Missed(c.Add(-time.Hour), c.Time); !got.IsZero() {
		t.Errorf("%v", got)
	}
	if got := interval.Missed(c.Add(-48*time.Hour), c.Time); !got.IsZero() {
		t.Errorf("%v", got)
	}
}

// TestHandover hands over timetables, each of which goes on with its time although it has passed meanwhile.
func TestHandover(t *testing.T) {
	for _, text := range []string{"0 3 * * *", "@every 1h"} {
		c := at(t, "2026-01-01 01:30:00")
		one := table(t, text, c)
		c.pass(95 * time.Minute)
		one.Come(c.Time)
		want := c.next(one)
		data, err := handover.Marshal(one.Export())
		if err != nil {
			t.Fatal(err)
		}
		var s State
		if err := handover.Unmarshal(data, &s); err != nil {
			t.Fatal(err)
		}
		c.pass(48 * time.Hour)
		other := table(t, text, c)
		other.Import(&s)
		c.pass(-48 * time.Hour)
		if d := cmp.Diff(want, c.next(other)); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
		if !other.last.Equal(one.last) {
			t.Errorf("%s: last %v, not %v", text, other.last, one.last)
		}
	}
}
