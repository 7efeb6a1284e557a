package events

import (
	"fmt"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// deferredLog queues lines for the main log while the lock of the bus is held; unlock writes them.
type deferredLog struct {
	bus  *Bus
	main *logs.Main
}

type line struct {
	main  *logs.Main
	level api.Level
	text  string
}

// debugging reports whether debug lines are written. Frequent lines ask first, so that their arguments are not allocated
// in vain.
func (l deferredLog) debugging() bool { return l.main.Enabled(api.Debug) }

func (l deferredLog) Debugf(format string, args ...any) { l.logf(api.Debug, format, args) }

func (l deferredLog) Warnf(format string, args ...any) { l.logf(api.Warn, format, args) }

func (l deferredLog) Errorf(format string, args ...any) { l.logf(api.Error, format, args) }

func (l deferredLog) logf(level api.Level, format string, args []any) {
	if l.main.Enabled(level) {
		l.bus.lines = append(l.bus.lines, line{l.main, level, fmt.Sprintf(format, args...)})
	}
}

// unlock releases the lock of the bus and writes the lines that were logged while it was held. They are written when it
// returns, and all lines of the bus in the order in which they were logged: a goroutine that finds another one writing
// waits for it.
func (b *Bus) unlock() {
	logged := len(b.lines) > 0
	b.mu.Unlock()
	if logged {
		b.writeLines()
	}
}

func (b *Bus) writeLines() {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	lines := b.lines
	b.lines = nil
	b.mu.Unlock()
	for _, l := range lines {
		l.main.Log(l.level, l.text)
	}
}
