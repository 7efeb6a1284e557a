package process

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pump"
)

// channel is one output channel of a process, stdout or stderr: what the pump reads goes to its sink. Output runs in
// the pump's goroutine; the fields it uses are set before the pump gets the pipe and cleared after the pipe was
// finished.
type channel struct {
	process *Process
	config  *config.Channel
	path    string // of the log file, automatic ones included; empty: none
	sink    logs.Sink
	strip   *output.StripANSI // nil: bytes go as they come
	tap     *tap              // nil: they go nowhere but to the sink
	pipe    *pump.Pipe
}

func (c *channel) init(p *Process, name api.Channel, cfg *config.Channel) {
	c.process, c.config, c.path = p, cfg, cfg.Log.Path
	c.sink = logs.Sink{Process: p.Name(), Channel: name, Main: p.host.Log}
	if cfg.Log.Syslog {
		c.sink.Syslog = p.host.Syslog
	}
	if cfg.Log.Kind != config.LogAuto {
		return
	}
	var err error
	c.path, err = logs.CreateAuto(p.host.AutoLogDir, p.Name(), name, p.host.Identifier)
	if err != nil {
		p.host.Log.Critf("%s of %s is not logged: %v", name, p.Name(), err)
	}
}

// open opens the log file. The error holds a syscall.Errno.
func (c *channel) open() (err error) {
	if c.process.host.StripANSI {
		c.strip = new(output.StripANSI)
	}
	c.tap = newTap(c)
	if c.path == "" {
		return nil
	}
	o := logs.FileOptions{MaxBytes: int64(c.config.Log.MaxBytes), Backups: c.config.Log.Backups}
	if c.config.Log.Kind == config.LogAuto {
		o.Mode = logs.AutoMode
	}
	c.sink.File, err = logs.Open(c.path, o)
	return err
}

// Output takes a chunk of what the child wrote. It implements pump.Sink.
func (c *channel) Output(chunk []byte) (room <-chan struct{}) {
	if c.tap != nil && c.tap.hearer != nil {
		c.tap.hearer.Receive(chunk, time.Now())
	}
	if c.strip != nil {
		chunk = c.strip.Strip(chunk)
	}
	c.write(chunk)
	return c.sink.Room()
}

// write takes what is left of a chunk without terminal sequences.
func (c *channel) write(chunk []byte) {
	if c.tap != nil && c.tap.hearer == nil {
		c.tap.write(chunk)
		return
	}
	c.sink.Write(chunk)
}

// started tells the process id of the child, 0 when there is none after all.
func (c *channel) started(pid int) {
	if c.tap != nil {
		c.tap.started(pid)
	}
}

// finishNow takes what is left and closes the pipe, unless that means waiting; then it returns false.
func (c *channel) finishNow() bool { return c.pipe == nil || c.pipe.FinishNow() }

// finish takes what is left and closes the pipe. It may wait for the log.
func (c *channel) finish() {
	if c.pipe != nil {
		c.pipe.Finish()
	}
}

// close closes the log. The pipe has been finished.
func (c *channel) close() {
	if c.strip != nil {
		c.write(c.strip.Flush())
		c.strip = nil
	}
	if c.tap != nil {
		c.tap.close()
		c.tap = nil
	}
	c.pipe = nil
	c.sink.Close()
	c.sink.File = nil
}

// reopen opens the log file of a live child again, after somebody moved it.
func (c *channel) reopen() {
	if err := c.sink.Reopen(); err != nil {
		c.process.host.Log.Warnf("cannot reopen %s, going on with the old file: %v", c.path, err)
	}
}

// clear empties the log file, of a live child or of one that is gone.
func (c *channel) clear() error {
	if c.tap != nil {
		c.tap.cleared.Store(true)
	}
	switch {
	case c.sink.File != nil:
		return c.sink.Clear()
	case c.path != "":
		return logs.Clear(c.path)
	}
	return nil
}

// Reopen opens the logs again. Only a live child has logs open.
func (p *Process) Reopen() {
	p.out.reopen()
	p.err.reopen()
}

// ClearLogs empties both logs; backups stay.
func (p *Process) ClearLogs() error {
	if err := p.out.clear(); err != nil {
		return err
	}
	return p.err.clear()
}

// Logfile is the path of the log of a channel, empty if it has none.
func (p *Process) Logfile(channel api.Channel) string {
	if channel == api.Stderr {
		return p.err.path
	}
	return p.out.path
}
