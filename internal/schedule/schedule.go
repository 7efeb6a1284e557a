// Package schedule computes when what follows a cron expression happens next, also where the clocks of a time zone change. It is pure but
// for the time zones that it reads: time is an argument. Any goroutine may call it, one at a time for each Timetable.
package schedule

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	cron "github.com/netresearch/go-cron"
)

// Schedule is a cron expression. It is never changed.
type Schedule struct {
	fields *cron.SpecSchedule // matches local time, which it takes for UTC; nil: an interval
	every  time.Duration      // the interval of @every
	zone   *time.Location
	fixed  bool // the hours are listed, instead of given by * or a step
}

// parser reads five fields, or six with seconds in front. The zone is not left to it, since it knows none of the changes of clocks that
// happen at midnight or are not an hour long.
var parser = cron.MustNewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor | cron.DowOrDom).
	WithMaxSearchYears(years)

// years is how far a time is looked for: a date with a day of the week may come once in 40 years.
const years = 60

// ErrNever is the error of an expression that matches no time, such as one for February 31.
var ErrNever = errors.New("it never comes")

// Parse reads an expression: fields as in crontab(5), with seconds in front or without, or @daily and others. CRON_TZ= in front takes
// precedence over zone.
func Parse(text string, zone *time.Location) (*Schedule, error) {
	text = strings.TrimSpace(text)
	if name, rest, ok := cutZone(text); ok {
		var err error
		if zone, err = Zone(name); err != nil {
			return nil, err
		}
		text = rest
	}
	text = strings.ToLower(strings.Join(strings.Fields(text), " ")) // else the parser takes the H of THU for a notation of its own
	parsed, err := parser.Parse(text)
	if err != nil {
		return nil, explained(err)
	}
	s := &Schedule{zone: zone}
	switch parsed := parsed.(type) {
	case cron.ConstantDelaySchedule:
		s.every = parsed.Delay
	case *cron.SpecSchedule:
		s.fields = parsed
		s.fields.Location = time.UTC
		s.read(strings.Fields(text))
		if s.empty() || s.fields.Next(time.Unix(0, 0).UTC()).IsZero() {
			return nil, ErrNever
		}
	}
	return s, nil
}

// cutZone splits an expression that begins with CRON_TZ=NAME or TZ=NAME.
func cutZone(text string) (name, rest string, ok bool) {
	for _, begin := range []string{"CRON_TZ=", "TZ="} {
		if rest, ok = strings.CutPrefix(text, begin); ok {
			if i := strings.IndexAny(rest, " \t"); i >= 0 {
				return rest[:i], strings.TrimSpace(rest[i:]), true
			}
			return rest, "", true
		}
	}
	return "", text, false
}

// Zone returns the time zone of a name such as Europe/Berlin.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return nil, errors.New("unknown time zone " + name)
	}
	return zone, nil
}

// read notes what the parser does not report: whether hours are listed, and that a day that begins with * is not restricted, also with a
// step. As in cron(8), either day matches only if both are restricted.
func (s *Schedule) read(fields []string) {
	n := len(fields)
	if n < 5 { // a name such as @daily
		s.fixed = fields[0] != "@hourly"
		return
	}
	hour, dom, dow := fields[n-4], fields[n-3], fields[n-1]
	s.fixed = !strings.ContainsAny(hour, "*?/")
	if strings.ContainsAny(dom[:1]+dow[:1], "*?") {
		s.fields.DowOrDom = false
	}
}

// star is what the parser sets in a field that is not restricted, beside its values.
const star = 1 << 63

// empty reports whether a field has no value, such as one that is a comma. Looking for its next value would take minutes.
func (s *Schedule) empty() bool {
	f := s.fields
	return slices.ContainsFunc([]uint64{f.Second, f.Minute, f.Hour, f.Dom, f.Month, f.Dow}, func(bits uint64) bool { return bits&^star == 0 })
}

// explained returns an error of the parser in words that are about the expression. It ends some with the part in question, which is
// left out, because messages have the whole.
func explained(err error) error {
	text := err.Error()
	number := (*strconv.NumError)(nil)
	switch {
	case errors.As(err, &number):
		return errors.New(number.Num + " is no number and no name")
	case strings.Contains(text, "requires Do"):
		return errors.New("L, W and # are not supported")
	case strings.HasSuffix(text, `"`) || strings.HasSuffix(text, "]"):
		if i := max(strings.LastIndex(text, `: "`), strings.LastIndex(text, ": [")); i > 0 {
			return errors.New(text[:i])
		}
	}
	return err
}

// Next returns the first time after another one, without a monotonic reading; zero if there is none. A fixed hour that the clocks skip
// comes once, at the moment at which they are set, and one that they repeat comes the first time only. What has * or a step in the hour
// goes by real time, as does an interval.
func (s *Schedule) Next(after time.Time) time.Time {
	after = after.Round(0).In(s.zone)
	if s.every > 0 {
		return after.Add(s.every)
	}
	from := wall(after)
	for {
		if repeated := s.repeated(after); from.Before(repeated) {
			from = repeated
		}
		_, offset := after.Zone()
		_, change := after.ZoneBounds()
		next := s.fields.Next(from)
		if next.IsZero() {
			return next
		}
		at := real(next, offset).In(s.zone)
		if change.IsZero() || at.Before(change) {
			return at
		}
		begin := wall(change) // what the clocks show then
		if s.fixed && next.Before(begin) {
			return change
		}
		after, from = change, begin.Add(-time.Second)
	}
}

// wall returns what the clocks of its zone show at a time, as a time of UTC.
func wall(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// real returns the moment at which the clocks of an offset show w.
func real(w time.Time, offset int) time.Time { return w.Add(-time.Duration(offset) * time.Second) }

// repeated returns a second before the clocks show times again, after they were set back before t, that they have not shown before; zero
// if that does not matter.
func (s *Schedule) repeated(t time.Time) time.Time {
	begin, _ := t.ZoneBounds()
	if !s.fixed || begin.IsZero() {
		return time.Time{}
	}
	_, before := begin.Add(-time.Second).Zone()
	return begin.UTC().Add(time.Duration(before-1) * time.Second)
}
