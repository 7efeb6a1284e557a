package output

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// JSON is a Format: an object on a line for each record.
type JSON struct {
	Names *Names
	Data  bool // a line that is an object becomes the member data

	head  []byte // the members before message, as they were for the last record
	ready time.Time
}

// Append implements Format.
func (j *JSON) Append(b []byte, r *Record) []byte {
	if r.Event != nil {
		b = j.appendHead(b, r.Time, "supervisor", r.Event.PID)
	} else {
		if j.head == nil || !r.Time.Equal(j.ready) { // the process does not change between records that were read together
			j.head = j.appendHead(j.head[:0], r.Time, j.Names.Channel, j.Names.pid())
			j.ready = r.Time
		}
		b = append(b, j.head...)
	}
	if j.Data && r.Mark == MarkLine && !r.Rest && isObject(r.Text) {
		b = append(append(b, `"data":`...), r.Text...)
	} else {
		b = AppendJSON(append(b, `"message":`...), r.Text)
	}
	if r.Mark == MarkPartial {
		b = append(b, `,"partial":true`...)
	}
	if r.Event != nil {
		b = r.Event.append(b)
	}
	return append(b, '}', '\n')
}

// appendHead appends the members before message.
func (j *JSON) appendHead(b []byte, at time.Time, channel string, pid int) []byte {
	n := j.Names
	b = n.zone(at).AppendFormat(append(b, `{"time":"`...), TimeLayout)
	b = AppendJSON(append(b, `","group":`...), []byte(n.Group))
	b = AppendJSON(append(b, `,"name":`...), []byte(n.Process))
	b = AppendJSON(append(b, `,"channel":`...), []byte(channel))
	if pid != 0 {
		b = strconv.AppendInt(append(b, `,"pid":`...), int64(pid), 10)
	}
	if n.Helper != "" {
		b = AppendJSON(append(b, `,"helper":`...), []byte(n.Helper))
	}
	for _, key := range slices.Sorted(maps.Keys(n.Fields)) {
		b = AppendJSON(append(b, ','), []byte(key))
		b = AppendJSON(append(b, ':'), []byte(n.Fields[key]))
	}
	return append(b, ',')
}

// append appends the members of a mark.
func (e *Event) append(b []byte) []byte {
	b = AppendJSON(append(b, `,"event":`...), []byte(e.Name))
	switch {
	case !e.Ended:
		return b
	case e.Signal != "":
		b = AppendJSON(append(b, `,"signal":`...), []byte(e.Signal))
	default:
		b = strconv.AppendInt(append(b, `,"exit_status":`...), int64(e.Status), 10)
	}
	return strconv.AppendBool(append(b, `,"expected":`...), e.Expected)
}

// isObject reports whether a text is a JSON object that can be a part of a line.
func isObject(text []byte) bool {
	return len(text) > 0 && len(text) <= maxPiece && text[0] == '{' && bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') < 0 &&
		utf8.Valid(text) && json.Valid(text)
}

// AppendJSON appends a text as a JSON string. Control characters, quotation marks and backslashes are escaped; a byte that is not UTF-8
// becomes U+FFFD.
func AppendJSON(b, text []byte) []byte {
	b = append(b, '"')
	valid := utf8.Valid(text)
	for len(text) > 0 {
		n := 0
		if valid {
			n = ordinary(text)
		} else {
			n = ordinaryValid(text)
		}
		b = append(b, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			break
		}
		b = appendEscape(b, text[0])
		text = text[1:]
	}
	return append(b, '"')
}

const (
	everyByte = 0x0101010101010101
	highBits  = 0x8080808080808080
)

// ordinary returns how many bytes at the beginning of a text need no escape. It looks at eight at a time.
func ordinary(text []byte) int {
	n := 0
	for ; len(text)-n >= 8; n += 8 {
		x := binary.LittleEndian.Uint64(text[n:])
		control := x - 0x20*everyByte
		quote := x ^ '"'*everyByte
		backslash := x ^ '\\'*everyByte
		// The lowest bit that is set is right; a borrow may set others above it.
		found := (control&^x | (quote-everyByte)&^quote | (backslash-everyByte)&^backslash) & highBits
		if found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for ; n < len(text); n++ {
		if c := text[n]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return n
}

// ordinaryValid is ordinary for a text that is not UTF-8 everywhere.
func ordinaryValid(text []byte) (n int) {
	for n < len(text) {
		c := text[n]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				break
			}
			n++
			continue
		}
		r, size := utf8.DecodeRune(text[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

const hexDigits = "0123456789abcdef"

// appendEscape appends what stands for a byte that is not ordinary.
func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	}
	if c >= utf8.RuneSelf {
		return append(b, "\uFFFD"...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
