package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"regexp/syntax"
	"time"
)

// recordClock reads the times at the beginnings of records, in microseconds since 1970. It remembers the last minute: most records are of
// the same one as the record before.
type recordClock struct {
	zone *time.Location // of times without one

	minute []byte // as it stands in records, with the zone behind it
	start  int64  // when that minute begins; of two that the clock shows alike, the first
	again  int64  // how much later the clock shows it a second time; 0: it does not
}

const (
	second = int64(time.Second / time.Microsecond)
	// textTime and jsonTime are what the beginnings of records look like. A digit stands for any digit.
	textTime  = "0000-00-00 00:00:00,000"
	jsonTime  = `{"time":"0000-00-00T00:00:00.000000`
	jsonBegin = len(`{"time":"`)
	minuteLen = len("2026-11-27T14:49")
	// nearShift is longer than any shift of a clock to or from daylight saving, twice.
	nearShift = 3 * time.Hour
)

// looksLike reports whether a line begins with a form, in which 0 stands for any digit.
func looksLike(line []byte, form string) bool {
	if len(line) < len(form) {
		return false
	}
	for i := range len(form) {
		if c := form[i]; c == '0' {
			if line[i] < '0' || line[i] > '9' {
				return false
			}
		} else if line[i] != c {
			return false
		}
	}
	return true
}

// read returns the time at the beginning of a line, and how much later the clock showed the same time again. A line without a time belongs
// to the record before.
func (c *recordClock) read(line []byte) (at, again int64, ok bool) {
	switch {
	case looksLike(line, textTime):
		if !c.remember(line[:minuteLen], nil) {
			return 0, 0, false
		}
		at = c.start + int64(number(line[minuteLen+1:][:2]))*second + int64(number(line[minuteLen+4:][:3]))*1000
	case looksLike(line, jsonTime):
		rest := line[len(jsonTime):]
		end := bytes.IndexByte(rest[:min(len(rest), len(`+00:00"`))], '"')
		if end < 0 || !c.remember(line[jsonBegin:][:minuteLen], rest[:end]) {
			return 0, 0, false
		}
		seconds := line[jsonBegin+minuteLen+1:]
		at = c.start + int64(number(seconds[:2]))*second + int64(number(seconds[3:][:6]))
	default:
		return 0, 0, false
	}
	return at, c.again, true
}

// remember finds out when a minute begins. Zone is how it stands in the record; nil: that of the log. It returns false for what is no time.
func (c *recordClock) remember(minute, zone []byte) bool {
	if len(c.minute) == len(minute)+len(zone) && bytes.HasPrefix(c.minute, minute) && bytes.HasSuffix(c.minute, zone) {
		return true
	}
	c.minute = c.minute[:0]
	text := string(minute) + string(zone)
	var t time.Time
	var err error
	if zone != nil {
		t, err = time.Parse("2006-01-02T15:04Z07:00", text)
	} else {
		t, err = time.ParseInLocation("2006-01-02 15:04", text, c.zone)
	}
	if err != nil {
		return false
	}
	c.again = 0
	if zone == nil {
		t, c.again = bothShown(t)
	}
	c.minute, c.start = append(c.minute, text...), t.UnixMicro()
	return true
}

// bothShown returns, of the two times that a clock shows alike because it is set back, the first, and how much later the second is. It
// returns any other time, and 0.
func bothShown(t time.Time) (first time.Time, again int64) {
	shown := t.Format(time.DateTime)
	for _, first := range []time.Time{t.Add(-setBack(t.Add(-nearShift), t)), t} {
		back := setBack(first, first.Add(nearShift))
		if second := first.Add(back); back > 0 && first.Format(time.DateTime) == shown && second.Format(time.DateTime) == shown {
			return first, back.Microseconds()
		}
	}
	return t, 0
}

// setBack returns how far a clock is set back between two times, at least 0.
func setBack(a, b time.Time) time.Duration {
	_, before := a.Zone()
	_, after := b.Zone()
	return time.Duration(max(0, before-after)) * time.Second
}

// number is the value of digits.
func number(digits []byte) (n int) {
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}

// The members of a record in JSON that hold what the program wrote. A quotation mark within a text is escaped, so these are not parts of one.
var (
	messageMember = []byte(`,"message":"`)
	dataMember    = []byte(`,"data":`)
)

// searched returns what a pattern is compared with: of a record in JSON the message, or the object in its place, and otherwise the whole
// record. Lines that belong to the record follow.
func searched(text []byte) []byte {
	if !looksLike(text, jsonTime) {
		return text
	}
	line, more := text, []byte(nil)
	if end := bytes.IndexByte(text, '\n'); end >= 0 {
		line, more = text[:end], text[end:]
	}
	message, data := bytes.Index(line, messageMember), bytes.Index(line, dataMember)
	switch {
	case message >= 0 && (data < 0 || message < data):
		raw := line[message+len(messageMember):]
		end := stringEnd(raw)
		if bytes.IndexByte(raw[:end], '\\') < 0 {
			return concat(raw[:end], more)
		}
		var decoded string
		if json.Unmarshal(line[message+len(messageMember)-1:][:min(end+2, len(raw)+1)], &decoded) != nil {
			return text
		}
		return concat([]byte(decoded), more)
	case data >= 0:
		return concat(bytes.TrimSuffix(line[data+len(dataMember):], []byte{'}'}), more)
	}
	return text
}

// concat returns a with b behind it, in other memory if b is not empty.
func concat(a, b []byte) []byte {
	if len(b) == 0 {
		return a
	}
	return append(append(make([]byte, 0, len(a)+len(b)), a...), b...)
}

// stringEnd returns where the JSON string ends that begins before text.
func stringEnd(text []byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}

// The bounds of a pattern: a larger one would take seconds for a long line.
const (
	maxPattern     = 1 << 10 // bytes
	maxPatternSize = 1 << 10 // instructions
)

// Pattern makes a regular expression of RE2 with which a search compares records. The error says what is wrong with it.
func Pattern(text string) (*regexp.Regexp, error) {
	if len(text) > maxPattern {
		return nil, errPattern
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	if len(program.Inst) > maxPatternSize {
		return nil, errPattern
	}
	return regexp.Compile(text)
}

// errPattern is the error for a pattern that is too large.
var errPattern = errors.New("the pattern is too large")
