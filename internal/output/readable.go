package output

import (
	"encoding/json"
	"strings"
	"time"
)

// jsonRecord is a line that JSON has made.
type jsonRecord struct {
	Time    time.Time       `json:"time"`
	Channel string          `json:"channel"`
	Message *string         `json:"message"`
	Data    json.RawMessage `json:"data"`
	Partial bool            `json:"partial"`
	Event   string          `json:"event"`
}

// recordBegin and recordMembers are what such a line begins with, so that no object of the program itself is taken for one.
const (
	recordBegin   = `{"time":"`
	recordMembers = `","group":"`
)

// Readable returns a line of a log, without its end, as it is shown: a record in JSON as text, in several lines if its message has several.
// Is reports whether it is one.
func Readable(line string) (lines []string, is bool) {
	rest, ok := strings.CutPrefix(line, recordBegin)
	if at := strings.IndexByte(rest, '"'); !ok || at < 0 || !strings.HasPrefix(rest[at:], recordMembers) {
		return []string{line}, false
	}
	var r jsonRecord
	if json.Unmarshal([]byte(line), &r) != nil || r.Channel == "" || r.Message == nil && r.Data == nil {
		return []string{line}, false
	}
	text := string(r.Data)
	if r.Message != nil {
		text = *r.Message
	}
	head := r.Time.Format("2006-01-02 15:04:05,000 ")
	switch {
	case r.Event != "":
		head += string(MarkOwn) + " "
	case r.Partial:
		head += string(MarkPartial) + " "
	}
	lines = strings.Split(text, "\n")
	lines[0] = head + lines[0]
	return lines, true
}
