package process

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// The names of marks in JSON records. Programs depend on them.
const (
	markSpawned  = "spawned"
	markExited   = "exited"
	markStopped  = "stopped"
	markSpawnErr = "spawnerr"
	markGaveUp   = "gave_up"
	markRecycle  = "recycle"
)

// Log writes lines about the process to the main log.
func (p *Process) Log() logs.About {
	return logs.About{Main: p.shared.Log, Group: p.Group, Name: p.Name(), PID: p.pid}
}

// marked is Log for a line that is a mark in the logs of the program, too, if it wants marks.
func (p *Process) marked(e output.Event) logs.About {
	about := p.Log()
	if e.PID != 0 {
		about.PID = e.PID
	}
	if p.Config.Lines(api.Stdout).Marks || p.Config.Lines(api.Stderr).Marks {
		about.Mark = func(level api.Level, text string) {
			e.Text, e.Line = text, logs.Line(time.Now(), level, text)
			p.out.mark(&e)
			p.err.mark(&e)
		}
	}
	return about
}

// LogGaveUp is Log for the line that says why the process is FATAL.
func (p *Process) LogGaveUp() logs.About { return p.marked(output.Event{Name: markGaveUp, PID: p.pid}) }

// LogRecycle is Log for the line that says why the process is about to be restarted or stopped.
func (p *Process) LogRecycle() logs.About {
	return p.marked(output.Event{Name: markRecycle, PID: p.pid})
}

// exitMark is the mark of the end of a child.
func exitMark(name string, pid int, exit child.Exit, expected bool) output.Event {
	e := output.Event{Name: name, PID: pid, Ended: true, Expected: expected}
	if exit.Status.Signaled() {
		e.Signal = signame.Name(exit.Status.Signal())
	} else {
		e.Status = exit.Status.ExitStatus()
	}
	return e
}

// mark writes a mark to the log, which it opens if nothing else has it open.
func (c *channel) mark(e *output.Event) {
	if !c.lineConfig().Marks || c.path == "" && len(c.teeConfigs()) == 0 || c.protocolReader() != nil || c.openFile() != nil {
		return
	}
	defer c.closeFile()
	w := c.useLines()
	if w.lines == nil {
		w.lines = c.newLines(w, output.Names{}, nil)
	}
	w.lines.Mark(e)
}
