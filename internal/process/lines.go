package process

import (
	"regexp"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/output"
)

// writing is what a channel has whose log is written by lines.
type writing struct {
	stamps output.Stamps
	lines  *output.Lines // of the last child; nil: there has been none
	live   bool          // there is a child
	tees   []*logs.Tee   // the files of lineConfig().Tees, in this order, if the log is open; some are also kept for the next opening
}

// useLines returns what the channel has to write lines, nil if its log has the bytes as they come.
func (c *channel) useLines() *writing {
	if c.protocolReader() != nil || !c.lineConfig().Used() {
		c.writing = nil
		return nil
	}
	if c.writing == nil {
		c.writing = &writing{stamps: output.Stamps{Now: time.Now}}
	}
	return c.writing
}

func (c *channel) lineConfig() *config.ChannelLines { return c.process.Config.Lines(c.name) }

// newLines makes the stage that writes lines to the log. Names has what differs between the child and its helpers.
func (c *channel) newLines(w *writing, names output.Names, begin func()) *output.Lines {
	p, cfg := c.process, c.lineConfig()
	names.Namespec, names.Process, names.Group, names.Program = api.Namespec(p.Group, p.Name()), p.Name(), p.Group, p.Config.Program.Name
	names.Channel, names.Identifier, names.Fields, names.UTC = c.name.String(), p.shared.Identifier, cfg.Fields, cfg.UTC
	l := &output.Lines{Stamps: &w.stamps, Begin: begin, Outputs: c.outputs(w, cfg, &names), Each: c.eachRecord(cfg, &names)}
	if cfg.Multiline != "" && cfg.Formatted() {
		l.Multiline = regexp.MustCompile(cfg.Multiline) // it has been checked
	}
	return l
}

// outputs are the files that get lines: the log, and those of the key tee.
func (c *channel) outputs(w *writing, cfg *config.ChannelLines, names *output.Names) (list []*output.Output) {
	if c.path != "" || len(w.tees) == 0 {
		list = append(list, &output.Output{Target: &c.file, Format: newFormat(cfg, cfg.Format, names), Whole: cfg.Whole()})
	}
	files := w.tees
	for _, t := range c.teeConfigs() {
		if t.Kind == config.TeeFile {
			list = append(list, &output.Output{Target: files[0], Format: newFormat(cfg, cfg.TeeFormat(t), names), Whole: cfg.Buffered == config.On})
			files = files[1:]
		}
	}
	return list
}

// newFormat makes a format of a channel, nil for plain.
func newFormat(cfg *config.ChannelLines, format config.LineFormat, names *output.Names) output.Format {
	text := format.Template
	switch format.Kind {
	case config.FormatPlain:
		return nil
	case config.FormatJSON:
		return &output.JSON{Names: names, Data: cfg.JSONData}
	case config.FormatText:
		text = output.TextTemplate
	}
	t, err := output.NewTemplate(text, names)
	if err != nil { // it has been checked
		panic(err)
	}
	return t
}

// target is the stage that writes to the log. Names is nil for the child.
func (c *channel) target(names *output.Names, begin func()) output.Stage {
	w := c.useLines()
	if w == nil {
		return &c.file
	}
	if names != nil {
		return c.newLines(w, *names, begin)
	}
	w.lines, w.live = c.newLines(w, output.Names{PID: c.childPID}, func() { <-c.started }), true
	return w.lines
}

// writesLines reports whether the log of the child is written by lines.
func (c *channel) writesLines() bool { return c.writing != nil && c.writing.live }

// heldSink is the sink of a channel, or of a helper, that may hold back the beginning of a line. It implements pump.Holder.
type heldSink struct {
	sink
	chain output.Stage
	lines *output.Lines
}

type sink interface {
	Write(chunk []byte)
	Backpressure() <-chan struct{}
}

// Held implements pump.Holder.
func (s heldSink) Held() (n int, since, last time.Time) { return s.lines.Held() }

// Release implements pump.Holder.
func (s heldSink) Release() { s.lines.Release() }

// End implements pump.Holder.
func (s heldSink) End() { s.chain.Flush() }
