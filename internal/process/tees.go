package process

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// The files of the keys stdout_logfile_tee and stderr_logfile_tee are open while the log is, and writing has them. A child of a listener
// has none for its standard output.

// teeConfigs are the destinations of the configuration besides the log.
func (c *channel) teeConfigs() []config.Tee {
	tees := c.lineConfig().Tees
	if len(tees) == 0 || c.protocolReader() != nil || c.isRedirected() {
		return nil
	}
	return tees
}

// teePaths are those that are files.
func (c *channel) teePaths() (paths []string) {
	for _, t := range c.teeConfigs() {
		if t.Kind == config.TeeFile {
			paths = append(paths, t.Path)
		}
	}
	return paths
}

// teeOptions are those of the log, whose file may be an automatic one.
func (c *channel) teeOptions() logs.FileOptions {
	o := c.fileOptions()
	o.Mode = 0
	return o
}

// isRedirected reports whether the channel is standard error that goes to standard output.
func (c *channel) isRedirected() bool { return c == &c.process.err && c.process.Config.RedirectErr }

// tees are the files, which are open if the log is.
func (c *channel) tees() []*logs.Tee {
	if c.writing == nil {
		return nil
	}
	return c.writing.tees
}

// newTees are the files of the configuration, of which those in old are taken over. It returns which of old are not.
func (c *channel) newTees(old []*logs.Tee) (tees, unused []*logs.Tee) {
	unused = slices.Clone(old)
	for _, path := range c.teePaths() {
		if i := slices.IndexFunc(unused, func(t *logs.Tee) bool { return t.Path() == path }); i >= 0 {
			tees, unused = append(tees, unused[i]), slices.Delete(unused, i, i+1)
			continue
		}
		tees = append(tees, logs.NewTee(path, c.process.Name(), c.process.shared.Log))
	}
	return tees, unused
}

// openTees opens the files, with the log.
func (c *channel) openTees() {
	if tees, _ := c.newTees(c.tees()); len(tees) > 0 {
		c.useLines().tees = tees
	}
	for _, t := range c.tees() {
		t.Open(c.teeOptions())
	}
}

func (c *channel) closeTees() { closeAll(c.tees()) }

func closeAll(tees []*logs.Tee) {
	for _, t := range tees {
		t.Close()
	}
}

// changeTees has the files be those of another configuration. It returns which are to be closed when the stages do not write to them any
// more.
func (c *channel) changeTees() (unused []*logs.Tee) {
	if len(c.tees()) == 0 && len(c.lineConfig().Tees) == 0 {
		return nil
	}
	old := c.tees()
	tees, unused := c.newTees(old)
	for _, t := range tees {
		switch {
		case c.users == 0:
		case slices.Contains(old, t):
			t.Configure(c.teeOptions())
		default:
			t.Open(c.teeOptions())
		}
	}
	switch {
	case len(tees) > 0:
		c.useLines().tees = tees
	case c.writing != nil:
		c.writing.tees = nil
	}
	return unused
}

// renew forgets the lines of the last child, since those of the next one are written in another way.
func (c *channel) renew() {
	tees := c.tees()
	if c.writing = nil; len(tees) > 0 {
		c.useLines().tees = tees
	}
}

// reopenTees opens the files again. What fails is logged, too.
func (c *channel) reopenTees() (failed error) {
	for _, t := range c.tees() {
		if err := t.Reopen(); err != nil {
			c.process.Log().Warnf("cannot reopen %s, going on with the old file: %v", t.Path(), err)
			failed = cmp.Or(failed, fmt.Errorf("cannot reopen %s: %w", t.Path(), err))
		}
	}
	return failed
}

// rotateTees rotates the files, with or without a child.
func (c *channel) rotateTees() (rotated bool, failed error) {
	tees, _ := c.newTees(c.tees())
	for _, t := range tees {
		one, err := t.Rotate(c.process.uid(), c.teeOptions())
		if rotated = rotated || one; err != nil {
			failed = cmp.Or(failed, fmt.Errorf("cannot rotate %s: %w", t.Path(), err))
		}
	}
	return rotated, failed
}

// clearTees empties the files, with or without a child.
func (c *channel) clearTees() (failed error) {
	tees, _ := c.newTees(c.tees())
	for _, t := range tees {
		failed = cmp.Or(failed, t.Clear(c.process.uid()))
	}
	return failed
}

// hasLogs reports whether the channel has a file.
func (c *channel) hasLogs() bool { return c.path != "" || len(c.teePaths()) > 0 }

// openFiles are the files that are open: the log first.
func (c *channel) openFiles() (files []*logs.File) {
	if c.file.File != nil {
		files = append(files, c.file.File)
	}
	for _, t := range c.tees() {
		if file := t.File(); file != nil {
			files = append(files, file)
		}
	}
	return files
}

// tick does what is due for the files.
func (c *channel) tick(now time.Time) {
	c.file.Tick(now)
	for _, t := range c.tees() {
		t.Tick(now)
	}
}

// importTees gives the files of the configuration the states that they had.
func (c *channel) importTees(r *handover.Reader, states []logs.TeeState) {
	tees, _ := c.newTees(nil)
	for _, t := range tees {
		if i := slices.IndexFunc(states, func(s logs.TeeState) bool { return s.Path == t.Path() }); i >= 0 {
			t.Import(r, states[i], c.teeOptions())
			states = slices.Delete(slices.Clone(states), i, i+1)
		}
	}
	if len(tees) > 0 {
		c.useLines().tees = tees
	}
}
