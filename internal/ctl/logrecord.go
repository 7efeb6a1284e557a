package ctl

import (
	"encoding/json"
	"strings"
	"time"
)

// logRecord is a line of a log with stdout_logfile_format=json.
type logRecord struct {
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

// readable returns a line of a log as it is shown: a record in JSON as text, in several lines if its message has several.
func readable(line string) []string {
	rest, ok := strings.CutPrefix(line, recordBegin)
	if at := strings.IndexByte(rest, '"'); !ok || at < 0 || !strings.HasPrefix(rest[at:], recordMembers) {
		return []string{line}
	}
	var r logRecord
	if json.Unmarshal([]byte(line), &r) != nil || r.Channel == "" || r.Message == nil && r.Data == nil {
		return []string{line}
	}
	text := string(r.Data)
	if r.Message != nil {
		text = *r.Message
	}
	head := r.Time.Format("2006-01-02 15:04:05,000 ")
	switch {
	case r.Event != "":
		head += "# "
	case r.Partial:
		head += "+ "
	}
	lines := strings.Split(text, "\n")
	lines[0] = head + lines[0]
	return lines
}
