package api

import "strings"

// Level is the severity of a line in the main log; higher is more severe. Source: loglevel.
type Level int

const (
	Blather  Level = 3
	Trace    Level = 5
	Debug    Level = 10
	Info     Level = 20
	Warn     Level = 30
	Error    Level = 40
	Critical Level = 50
)

// levels has both names of each level.
var levels = [...]struct {
	level     Level
	name, tag string
}{
	{Critical, "critical", "CRIT"}, {Error, "error", "ERRO"}, {Warn, "warn", "WARN"}, {Info, "info", "INFO"},
	{Debug, "debug", "DEBG"}, {Trace, "trace", "TRAC"}, {Blather, "blather", "BLAT"},
}

// String is the level's name in the configuration, such as "critical"; empty if it is none of the constants. Source:
// loglevel.
func (l Level) String() string { name, _ := l.names(); return name }

// Tag is the level's name in a line of the main log, such as "CRIT"; empty if it is none of the constants.
func (l Level) Tag() string { _, tag := l.names(); return tag }

func (l Level) names() (name, tag string) {
	for i := range levels {
		if known := &levels[i]; known.level == l {
			return known.name, known.tag
		}
	}
	return "", ""
}

// ParseLevel finds the level that the configuration calls s, in any case. Source: loglevel.
func ParseLevel(s string) (l Level, ok bool) {
	for _, known := range levels {
		if strings.EqualFold(s, known.name) {
			return known.level, true
		}
	}
	return 0, false
}

// ParseTag finds the level that lines of the main log call s, in any case.
func ParseTag(s string) (l Level, ok bool) {
	for _, known := range levels {
		if strings.EqualFold(s, known.tag) {
			return known.level, true
		}
	}
	return 0, false
}
