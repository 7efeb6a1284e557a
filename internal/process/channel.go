package process

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// channel is one output channel of a process: its log, and while there is a child its pipe and the stages between them.
// The stages run in the pump's goroutine. They are made before the pump gets the pipe, and flushed after the pipe was
// finished.
type channel struct {
	process *Process
	config  *config.Channel
	path    string // of the log file, automatic ones included; empty: none
	file    logs.FileTarget
	chain   output.Stage    // the first stage; nil: the channel is closed
	capture *output.Capture // the stage that captures; nil: none
	started chan struct{}   // closed when pid is set; nil: no stage needs it
	pid     int             // of the child; 0 after a failed start
	pipe    *pump.Pipe
	writing *writing // nil: the log has the bytes as they come
	name    api.Channel
	users   uint16 // of the log file: the child, and helpers
}

// init gives a channel its log, which may be a new automatic file.
func (c *channel) init(p *Process, name api.Channel, cfg *config.Channel) {
	c.process, c.name, c.config, c.path = p, name, cfg, cfg.Log.Path
	c.file = logs.FileTarget{Process: p.Name(), Main: p.shared.Log}
	c.makeAuto()
}

// makeAuto makes an automatic file, if the channel is to have one.
func (c *channel) makeAuto() {
	p, name := c.process, c.name
	if c.config.Log.Kind != config.LogAuto {
		return
	}
	if path, made := p.shared.AutoLogs[c.config]; made {
		c.path = path
		return
	}
	var err error
	c.path, err = logs.CreateAuto(p.shared.AutoLogDir, p.Name(), name, p.shared.Identifier)
	if err != nil {
		p.Log().Critf("%s of %s is not logged: %v", name, p.Name(), err)
	}
}

// open opens the log file and makes the stages, for one child. The error holds a syscall.Errno.
func (c *channel) open() error {
	if err := c.openFile(); err != nil {
		return err
	}
	c.chain = c.stages().Chain()
	return nil
}

// openFile opens the log file for one more user, which calls closeFile in the end.
func (c *channel) openFile() (err error) {
	if c.path != "" && c.users == 0 {
		if c.file.File, err = logs.Open(c.path, c.fileOptions()); err != nil {
			if refused := (*safefile.Refused)(nil); errors.As(err, &refused) { // the number of the error says too little
				c.process.Log().Warnf("cannot open %s: %v", c.path, err)
			}
			return err
		}
	}
	if c.users == 0 {
		c.openTees()
	}
	if c.users++; c.users == 1 {
		c.process.watchLogs()
		c.warnDenied()
	}
	return nil
}

func (c *channel) fileOptions() logs.FileOptions {
	o := logs.FileOptions{MaxBytes: int64(c.config.Log.MaxBytes), Backups: c.config.Log.Backups, Owner: c.process.uid(),
		MakeDirs: c.process.shared.MakeDirs}
	if c.config.Log.Kind == config.LogAuto {
		o.Mode = logs.AutoMode
	}
	if e := c.process.Config.Extra; e != nil {
		o.Rotation, o.Access = &e.LogFiles.Out, AccessOf(e.LogFiles.OutAccess)
		if c.name == api.Stderr {
			o.Rotation, o.Access = &e.LogFiles.Err, AccessOf(e.LogFiles.ErrAccess)
		}
	}
	return o
}

// AccessOf is the mode and the owner of a log, nil if they are left as they are.
func AccessOf(a config.LogAccess) *logs.Access {
	if a == (config.LogAccess{}) {
		return nil
	}
	access := &logs.Access{Mode: uint32(a.Mode.Perm), Exact: a.Mode.Set, UID: -1, GID: -1}
	if a.Owner.Set {
		access.UID, access.GID = a.Owner.UID, a.Owner.GID
	}
	return access
}

// warnDenied warns of logs that have not got their mode and owner.
func (c *channel) warnDenied() {
	for _, file := range c.openFiles() {
		c.warnDeniedOf(file)
	}
}

func (c *channel) warnDeniedOf(file *logs.File) {
	if why := file.Denied(); why != "" {
		key := "_logfile_mode"
		if o := c.fileOptions(); o.Access != nil && (o.Access.UID >= 0 || o.Access.GID >= 0) {
			key = "_logfile_chown"
		}
		c.process.shared.Log.Warnf("%s%s of '%s' has no effect: %s", c.name, key, c.process.Name(), why)
	}
}

func (c *channel) closeFile() {
	if c.users--; c.users == 0 {
		c.file.Close()
		c.closeTees()
		c.process.watchLogs()
	}
}

// read has the pump read the child's output from fd, which the pump owns from now on.
func (c *channel) read(fd int) (err error) {
	c.pipe, err = c.process.shared.Pump.Add(fd, c.sink())
	return err
}

// sink is what the pump writes to: the log file itself if the file is all there is.
func (c *channel) sink() pump.Sink {
	if c.chain == output.Stage(&c.file) {
		return &c.file
	}
	if c.writesLines() {
		return heldSink{c, c.chain, c.writing.lines}
	}
	return c
}

// Write passes a chunk through the stages. It implements pump.Sink.
func (c *channel) Write(chunk []byte) { c.chain.Write(chunk) }

// Backpressure is that of the log file: no other target slows a child down. It implements pump.Sink.
func (c *channel) Backpressure() <-chan struct{} { return c.file.Backpressure() }

// setPID sets the process ID of the child, or 0 after a failed start.
func (c *channel) setPID(pid int) {
	if c.started != nil {
		c.pid = pid
		close(c.started)
	}
}

// childPID waits for setPID: a child may write before its start has returned. The pump's goroutine calls it.
func (c *channel) childPID() int {
	<-c.started
	return c.pid
}

// finishNow drains the pipe and closes it, unless that would block; then it returns false.
func (c *channel) finishNow() bool { return c.pipe == nil || c.pipe.FinishNow() }

// finish drains the pipe and closes it. It may wait for the log.
func (c *channel) finish() {
	if c.pipe != nil {
		c.pipe.Finish()
	}
}

// close flushes the stages and closes the log. The pipe has been finished.
func (c *channel) close() {
	if c.chain != nil {
		c.chain.Flush()
		c.closeFile()
	}
	c.chain, c.capture, c.started, c.pipe = nil, nil, nil, nil
	if c.writing != nil {
		c.writing.live = false
	}
}

// reopen opens the log file of a running child again, after it was moved away.
func (c *channel) reopen() error {
	err := c.file.Reopen()
	if err != nil {
		c.process.Log().Warnf("cannot reopen %s, going on with the old file: %v", c.path, err)
		err = fmt.Errorf("cannot reopen %s: %w", c.path, err)
	}
	err = cmp.Or(err, c.reopenTees())
	c.warnDenied()
	return err
}

// rotate rotates the log files, with or without a child. It returns false if there was nothing to rotate.
func (c *channel) rotate() (rotated bool, err error) {
	switch {
	case c.file.File != nil:
		rotated, err = c.file.File.Rotate()
	case c.path != "":
		rotated, err = logs.Rotate(logs.Source{Path: c.path, Owner: c.process.uid()}, c.fileOptions())
	}
	if err != nil {
		err = fmt.Errorf("cannot rotate %s: %w", c.path, err)
	} else if rotated && c.file.File == nil {
		c.file.Past.Rotations++
	}
	tees, failed := c.rotateTees()
	return rotated || tees, cmp.Or(err, failed)
}

// clear empties the log files, with or without a child, and drops what has been captured so far.
func (c *channel) clear() error {
	if c.capture != nil {
		c.capture.Discard()
	}
	var err error
	switch {
	case c.file.File != nil:
		err = c.file.File.Clear()
	case c.path != "":
		err = logs.Clear(logs.Source{Path: c.path, Owner: c.process.uid()})
	}
	return cmp.Or(err, c.clearTees())
}

// Reopen opens the logs again, if there is a child. What fails is logged, too.
func (p *Process) Reopen() error {
	out, err := p.out.reopen(), p.err.reopen()
	return cmp.Or(out, err)
}

// RotateLogs rotates both logs. It returns false if there was nothing to rotate.
func (p *Process) RotateLogs() (rotated bool, err error) {
	out, outErr := p.out.rotate()
	other, otherErr := p.err.rotate()
	return out || other, cmp.Or(outErr, otherErr)
}

// HasLogs reports whether the process has a log file.
func (p *Process) HasLogs() bool { return p.out.hasLogs() || p.err.hasLogs() }

// ClearLogs empties both logs; backups stay.
func (p *Process) ClearLogs() error {
	if err := p.out.clear(); err != nil {
		return err
	}
	return p.err.clear()
}

// uid is the user of the child, or that of supervisord, 0, if there is none.
func (p *Process) uid() int {
	if p.user != nil {
		return p.user.UID
	}
	return 0
}

// LogSource is the log of a channel, with an empty path if it has none.
func (p *Process) LogSource(channel api.Channel) logs.Source {
	return logs.Source{Path: p.Logfile(channel), Owner: p.uid()}
}

// LogTimes reports whether records of the log of a channel begin with their times, and whether these are in UTC where they have no zone.
func (p *Process) LogTimes(channel api.Channel) (utc, ok bool) {
	c := p.Config.Lines(channel)
	return c.UTC, c.Format.Kind == config.FormatText || c.Format.Kind == config.FormatJSON
}

// Logfile is the path of the log of a channel, empty if it has none.
func (p *Process) Logfile(channel api.Channel) string {
	if channel == api.Stderr {
		return p.err.path
	}
	return p.out.path
}
