package logs

import (
	"fmt"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// About writes lines about a process to the main log. The zero value writes nothing.
type About struct {
	Main  *Main
	Group string
	Name  string
	PID   int // 0: none
	// Mark gets each line, too, at any level of the log. Nil: nothing does.
	Mark func(level api.Level, text string)
}

// Critf, Errorf, Warnf, Infof, Debugf and Blatherf are those of Main.
func (a About) Critf(format string, args ...any) { a.logf(api.Critical, format, args) }

func (a About) Errorf(format string, args ...any) { a.logf(api.Error, format, args) }

func (a About) Warnf(format string, args ...any) { a.logf(api.Warn, format, args) }

func (a About) Infof(format string, args ...any) { a.logf(api.Info, format, args) }

func (a About) Debugf(format string, args ...any) { a.logf(api.Debug, format, args) }

func (a About) Blatherf(format string, args ...any) { a.logf(api.Blather, format, args) }

func (a About) logf(level api.Level, format string, args []any) {
	if a.Mark != nil {
		a.Mark(level, fmt.Sprintf(format, args...))
	}
	if a.Main.Enabled(level) {
		b := newLine(level)
		*b = oneLine(fmt.Appendf(*b, format, args...), headLength)
		a.Main.write(b, level, &a)
	}
}

// Line returns a line as the main log has it.
func Line(at time.Time, level api.Level, text string) []byte {
	line := at.AppendFormat(nil, stampLayout)
	line = append(append(line, level.Tag()...), ' ')
	return append(oneLine(append(line, text...), headLength), '\n')
}
