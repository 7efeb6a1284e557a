package logs

import (
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/output"
)

// jsonLine returns a message as an object on a line. About is nil if it is about no process.
func jsonLine(at time.Time, level api.Level, text []byte, about *About) []byte {
	b := at.AppendFormat([]byte(`{"time":"`), output.TimeLayout)
	b = append(append(b, `","level":"`...), strings.ToLower(level.Tag())...)
	b = output.AppendJSON(append(b, `","message":`...), text)
	if about != nil {
		b = output.AppendJSON(append(b, `,"group":`...), []byte(about.Group))
		b = output.AppendJSON(append(b, `,"name":`...), []byte(about.Name))
		if about.PID != 0 {
			b = strconv.AppendInt(append(b, `,"pid":`...), int64(about.PID), 10)
		}
	}
	return append(b, '}', '\n')
}

// dated returns a warning that is written in the course of another line.
func (m *Main) dated(text string) []byte {
	now := time.Now()
	line := Line(now, api.Warn, text)
	if m.json {
		return jsonLine(now, api.Warn, line[headLength:len(line)-1], nil)
	}
	return line
}
