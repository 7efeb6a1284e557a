package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// The types of keys that the original does not have.
var (
	durationType = &Type[time.Duration]{name: "duration", parse: parseDuration, words: true, same: equal[time.Duration],
		text: durationText}
	positiveDurationType = durationType.with("duration above 0", parsePositiveDuration)
	crashLimitType       = &Type[CrashLimit]{name: "integer from 1 / duration", parse: parseCrashLimit, same: equal[CrashLimit],
		text: crashLimitText}
)

var errDuration = errors.New("not a duration")

// timeUnits are the units of durations. A number without a unit is seconds.
var timeUnits = map[string]time.Duration{"": time.Second, "ms": time.Millisecond, "s": time.Second, "m": time.Minute,
	"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}

var (
	wholeDuration = pattern(`^(?:[0-9]*\.?[0-9]+|(?:[0-9]*\.?[0-9]+(?:ms|[smhdw]))+)$`)
	durationPart  = pattern(`([0-9.]+)(ms|[smhdw]|)`)
)

// longestDuration is the longest duration, so that a sum of several cannot overflow.
const longestDuration = 100 * 365 * 24 * time.Hour

// parseDuration reads a number of seconds, or a sum of numbers with units such as 1h30m or 500ms.
func parseDuration(s string) (sum time.Duration, err error) {
	s = strings.ToLower(pyrepr.TrimSpace(s))
	if !wholeDuration().MatchString(s) {
		return 0, errDuration
	}
	secs := 0.0
	for _, part := range durationPart().FindAllStringSubmatch(s, -1) {
		n, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return 0, errDuration
		}
		secs += n * timeUnits[part[2]].Seconds()
	}
	if secs > longestDuration.Seconds() {
		return 0, errDuration
	}
	return time.Duration(math.Round(secs * float64(time.Second))), nil
}

func parsePositiveDuration(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if d == 0 {
		err = errDuration
	}
	return d, err
}

// durationFrom is the type of durations with a lower bound of a key, whose name is in the messages.
func durationFrom(key string, low time.Duration) *Type[time.Duration] {
	t := durationType.with("duration from "+durationText(low), func(text string) (time.Duration, error) {
		d, err := parseDuration(text)
		switch {
		case err != nil:
			err = errors.New("invalid '" + key + "' value " + pyrepr.Quote(text))
		case d < low:
			err = fmt.Errorf("%s is below lower bound (%s)", durationText(d), durationText(low))
		}
		return d, err
	})
	t.words = false
	return t
}

func durationText(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

// decimalFrom is the type of decimals with a lower bound, decimalWithin of those between two.
func decimalFrom(low float64) *Type[float64] {
	return decimal(low, math.MaxFloat64, "decimal from %v", low)
}

func decimalWithin(low, high float64) *Type[float64] {
	return decimal(low, high, "decimal from %v to %v", low, high)
}

func decimal(low, high float64, name string, bounds ...any) *Type[float64] {
	return &Type[float64]{name: fmt.Sprintf(name, bounds...), same: equal[float64], parse: func(s string) (float64, error) {
		n, err := strconv.ParseFloat(pyrepr.TrimSpace(s), 64)
		switch {
		case err != nil || math.IsNaN(n) || math.IsInf(n, 0):
			err = errors.New("could not convert string to float: " + pyrepr.Quote(s))
		case n < low:
			err = fmt.Errorf("%v is below lower bound (%v)", n, low)
		case n > high:
			err = fmt.Errorf("%v is above upper bound (%v)", n, high)
		}
		return n, err
	}}
}

// oneOf is the type of one of several words, in any case.
func oneOf(words ...string) *Type[string] {
	last := len(words) - 1
	return &Type[string]{name: "`" + strings.Join(words[:last], "`, `") + "` or `" + words[last] + "`", words: true,
		same: equal[string], parse: func(s string) (string, error) {
			for _, word := range words {
				if strings.EqualFold(s, word) {
					return word, nil
				}
			}
			return "", errWord
		}}
}

// parseCrashLimit reads N/T.
func parseCrashLimit(s string) (limit CrashLimit, err error) {
	ends, within, _ := strings.Cut(s, "/")
	limit.Ends, err = parsePositive(ends)
	if err == nil {
		limit.Time, err = parsePositiveDuration(within)
	}
	if err != nil {
		err = errors.New("not a valid crashlimit: " + pyrepr.Quote(s))
	}
	return limit, err
}

func crashLimitText(l CrashLimit) string {
	if l.Ends == 0 {
		return ""
	}
	return strconv.Itoa(l.Ends) + "/" + durationText(l.Time)
}
