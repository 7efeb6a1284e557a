package logs

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Header says what the records of a channel, or of the main log, have besides their lines. It does not change after it is used.
type Header struct {
	Facility    int        // of RFC 5424
	Severity    int        // of lines that say nothing else
	Tag         string     // in place of Name; empty: none
	Name        string     // of the process
	Channel     string     // stdout or stderr; empty: the main log
	PID         func() int // of the child; 0: it is not known
	RFC5424     bool
	Remote      bool // a record of RFC 3164 has the name of the host
	LevelPrefix bool // a line may begin with its severity, as <3>
}

// The severities of RFC 5424.
const (
	critical = 2
	failure  = 3
	warning  = 4
	info     = 6
	debug    = 7
)

// severityOf is the severity of a line of the main log that begins with date and level.
func severityOf(line []byte) int {
	switch tag := string(line[len(stampLayout) : headLength-1]); tag {
	case api.Critical.Tag():
		return critical
	case api.Error.Tag():
		return failure
	case api.Warn.Tag():
		return warning
	case api.Info.Tag():
		return info
	}
	return debug
}

// Origin says which process has written a record. The zero value is the one of the header.
type Origin struct {
	Other bool // PID counts
	PID   int  // 0: none
}

// of returns the header for a record. Nil is that of the original, which has no process.
func (h *Header) of(o Origin) *Header {
	if h == nil || !o.Other {
		return h
	}
	other := *h
	other.PID = func() int { return o.PID }
	return &other
}

// split returns the severity of a line, and the line without it. Nil is the header of the original.
func (h *Header) split(line []byte) (int, []byte) {
	if h == nil {
		return info, line
	}
	if h.LevelPrefix && len(line) >= 3 && line[0] == '<' && '0' <= line[1] && line[1] <= '7' && line[2] == '>' {
		return int(line[1] - '0'), line[3:]
	}
	return h.Severity, line
}

// append adds what a record begins with to b.
func (h *Header) append(b []byte, severity int, now time.Time) []byte {
	b = append(b, '<')
	b = strconv.AppendInt(b, int64(h.Facility*8+severity), 10)
	b = append(b, '>')
	if !h.RFC5424 {
		b = append(now.AppendFormat(b, time.Stamp), ' ')
		if h.Remote {
			b = append(append(b, hostName()...), ' ')
		}
		if h.Tag != "" {
			return append(append(b, h.Tag...), ": "...)
		}
		b = append(b, "supervisord: "...)
		if h.Name != "" {
			b = append(append(b, h.Name...), ' ')
		}
		return b
	}
	b = append(b, "1 "...)
	b = now.AppendFormat(b, "2006-01-02T15:04:05.000000Z07:00")
	b = append(append(b, ' '), hostName()...)
	b = append(append(b, ' '), h.appName()...)
	b = append(b, ' ')
	if pid := h.pid(); pid > 0 {
		b = strconv.AppendInt(b, int64(pid), 10)
	} else {
		b = append(b, '-')
	}
	b = append(b, ' ')
	if h.Channel == "" {
		b = append(b, '-')
	}
	return append(append(b, h.Channel...), " - "...)
}

func (h *Header) pid() int {
	if h.PID == nil {
		return 0
	}
	return h.PID()
}

// identifier is by what the records are known.
func (h *Header) identifier() string {
	switch {
	case h.Tag != "":
		return h.Tag
	case h.Name != "":
		return h.Name
	}
	return "supervisord"
}

// The longest names that RFC 5424 allows.
const (
	longestApp  = 48
	longestHost = 255
)

// appName is the identifier in a form that RFC 5424 allows.
func (h *Header) appName() string { return word(h.identifier(), longestApp) }

// word replaces what RFC 5424 does not allow in a name, and shortens it.
func word(name string, longest int) string {
	name = strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' {
			return '_'
		}
		return c
	}, name)
	if name == "" {
		return "-"
	}
	return name[:min(len(name), longest)]
}

// hostName is the name of this host as it was when it was first asked.
var hostName = sync.OnceValue(func() string {
	name, _ := os.Hostname()
	return word(name, longestHost)
})
