package check

import (
	"context"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
)

// cancelled is the text of an attempt that ended because the process stops.
const cancelled = "the process is not running any more"

// attempt is one check from the moment it is due to its result.
type attempt struct {
	monitor   *Monitor
	kind      Kind
	places    *Places
	started   func(now time.Time)           // called when it has a place; nil: nothing
	done      func(r Result, now time.Time) // called once, unless it was cancelled
	reports   bool                          // a cancelled one is done, too
	cancelled bool
	begun     time.Time
	stop      context.CancelFunc // of a probe
	run       *helper.Run        // of a command
}

// begin starts the probe or command, in a place that it has.
func (a *attempt) begin(now time.Time) {
	a.begun = now
	if a.started != nil {
		a.started(now)
	}
	c, p := a.monitor.checks[a.kind].config, a.monitor.process
	if c.Script.Kind == config.CommandCheck {
		a.run = p.Run(a.kind, c.Script.Command, c.Timeout, a.commandDone, now)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	owner, send := p.Owner(), a.monitor.host.Send
	go func() {
		defer stop()
		text := Shown(probe(ctx, &c.Script, c.Timeout, owner))
		send(func(now time.Time) { a.end(text, now) })
	}()
}

// commandDone takes the result of the command.
func (a *attempt) commandDone(r helper.Result, now time.Time) {
	text := ""
	if !r.OK {
		text = commandText(r)
	}
	a.end(text, now)
}

// end takes the result of the probe or command, and gives its place back.
func (a *attempt) end(text string, now time.Time) {
	a.places.release(now)
	if !a.cancelled {
		a.done(Result{Kind: a.kind, Text: text, Took: now.Sub(a.begun)}, now)
	}
}

// cancel ends an attempt whose result is not wanted any more. Its place is free when it has ended.
func (a *attempt) cancel(now time.Time) {
	if a.cancelled {
		return
	}
	a.cancelled = true
	switch {
	case a.begun.IsZero():
		a.places.forget(a)
	case a.stop != nil:
		a.stop()
	case a.run != nil:
		a.run.Kill(now)
	}
	if a.reports {
		a.done(Result{Kind: a.kind, Text: cancelled}, now)
	}
}

// survives reports whether the command of an attempt is still there though it was killed.
func (a *attempt) survives() bool { return a != nil && a.run != nil && !a.run.Over() }

// commandText is why a command failed, with the last line of its output.
func commandText(r helper.Result) string {
	text := strings.TrimSpace(r.Output)
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		text = text[i+1:]
	}
	if text = r.Text + ": " + strings.TrimSpace(text); strings.HasSuffix(text, ": ") {
		return r.Text
	}
	return Shown(text)
}
