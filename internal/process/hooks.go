package process

import (
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/state"
)

// hook is a command that a process has beside its own.
type hook uint8

// The hooks, and other commands. A start waits for those before reloadCommand.
const (
	preStart hook = iota
	postStart
	preStop
	stopCommand
	postStop
	reloadCommand
	fileCommand
	binaryCommand
	hookCount
)

// hookKeys are the keys of the hooks, and their commands.
var hookKeys = [hookCount]struct {
	name    string
	command func(*config.Extra) config.HelperCommand
}{
	preStart:      {"pre_start_hook", func(e *config.Extra) config.HelperCommand { return e.Hooks.PreStart }},
	postStart:     {"post_start_hook", func(e *config.Extra) config.HelperCommand { return e.Hooks.PostStart }},
	preStop:       {"pre_stop_hook", func(e *config.Extra) config.HelperCommand { return e.Hooks.PreStop }},
	stopCommand:   {"stop_command", func(e *config.Extra) config.HelperCommand { return e.StopPlan.Command }},
	postStop:      {"post_stop_hook", func(e *config.Extra) config.HelperCommand { return e.Hooks.PostStop }},
	reloadCommand: {"reload_command", func(e *config.Extra) config.HelperCommand { return e.Reload.Command }},
	fileCommand:   {"restart_cmd_when_file_changed", func(e *config.Extra) config.HelperCommand { return e.Files.OnFile.Command }},
	binaryCommand: {"restart_cmd_when_binary_changed", func(e *config.Extra) config.HelperCommand { return e.Files.OnBinary.Command }},
}

// hooks are the hooks of a process.
type hooks struct {
	runs     *hookRuns     // nil: no hook has run
	reloaded *ReloadResult // of the last request to reload, but Over; nil: it has not failed
	held     bool          // a start waits for the hooks of the run before
}

// hookRuns are the last runs of hooks.
type hookRuns struct {
	last  [hookCount]*helper.Run // nil: none, or its end is known
	steps [hookCount]int32       // the step of the stop plan at which each was run
}

// last is the last run of a hook, nil if there is none, or its end is known.
func (h *hooks) last(which hook) *helper.Run {
	if h.runs == nil {
		return nil
	}
	return h.runs.last[which]
}

func (h *hooks) setLast(which hook, run *helper.Run) {
	if h.runs == nil {
		h.runs = new(hookRuns)
	}
	h.runs.last[which] = run
}

// hookCommand is the command of a hook; ok is false if the program has none.
func (p *Process) hookCommand(h hook) (c config.HelperCommand, ok bool) {
	if p.Config.Extra != nil {
		c = hookKeys[h].command(p.Config.Extra)
	}
	return c, c.Line != ""
}

// runHook runs a hook. HookDone gets its result: at its end, or at once if one that cannot be killed is left of the last run.
func (p *Process) runHook(h hook, env []string, now time.Time) {
	x, key := p.extra, hookKeys[h]
	if run := x.hooks.last(h); run != nil && !run.Over() {
		p.Log().Warnf("%s: %s failed (the one before is still there)", p.Name(), key.name)
		p.hookDone(h, p.machine.Step, false, "the one before is still there", now)
		return
	}
	spec := p.hookSpec(h)
	spec.Env = env
	x.hooks.setLast(h, nil)
	x.hooks.runs.steps[h] = p.machine.Step
	x.hooks.setLast(h, p.Help(spec, now))
}

// hookSpec is how a hook is run, without variables of its own.
func (p *Process) hookSpec(h hook) helper.Spec {
	key := hookKeys[h]
	command, _ := p.hookCommand(h)
	timeout := time.Minute // the default, for one that runs on after the program has lost all its optional keys
	if x := p.Config.Extra; x != nil {
		timeout = x.Hooks.Timeout
	}
	return helper.Spec{Hook: strings.TrimSuffix(key.name, "_hook"), Label: key.name, Command: command, Timeout: timeout,
		Done: func(r helper.Result, now time.Time) {
			if run := p.extra.hooks.last(h); run != nil && !run.Stuck() {
				p.extra.hooks.setLast(h, nil)
			}
			p.hookDone(h, p.extra.hooks.runs.steps[h], r.OK, r.Text, now)
			p.hookEnded(now)
		}}
}

// hookDone does what the end of a hook is for, which was run at a step of the stop plan.
func (p *Process) hookDone(h hook, step int32, ok bool, text string, now time.Time) {
	switch h {
	case preStart:
		p.preStarted(ok, text, now)
	case preStop, stopCommand: // a result that comes after the step counts for nothing
		if p.machine.Step == step {
			p.handle(state.Event{Kind: state.StepDone, OK: ok}, now)
		}
	case reloadCommand:
		p.reloadCommandDone(ok, text, now)
	case fileCommand, binaryCommand:
		p.changeCommandDone(h, now)
	}
}

// hooksRun reports whether a hook of the process runs that a start has to wait for.
func (p *Process) hooksRun() bool {
	if p.extra == nil || p.extra.hooks.runs == nil {
		return false
	}
	for h, run := range p.extra.hooks.runs.last {
		if hook(h) < reloadCommand && run != nil && !run.Over() && !run.Stuck() {
			return true
		}
	}
	return false
}

// prepares reports whether something comes before the next spawn.
func (p *Process) prepares() bool {
	if p.Config.Extra == nil {
		return false
	}
	_, ok := p.hookCommand(preStart)
	return ok || p.startWaits() || p.cgroup().mustWait()
}

// startWaits reports whether a start has to wait for the end of what is left of the run before.
func (p *Process) startWaits() bool { return p.hooksRun() || p.CgroupLeft() }

// prepare does what comes before a spawn: it waits for the hooks of the run before, then it runs pre_start_hook.
func (p *Process) prepare(now time.Time) {
	p.spawnErr, p.exitStatus = "", 0
	if c := p.cgroup(); c.mustWait() {
		c.look(now)
	}
	if p.extra.hooks.held = p.startWaits(); !p.extra.hooks.held {
		p.preStart(now)
	}
}

// hookEnded goes on with a start that has waited for a hook. During a shutdown nothing is started.
func (p *Process) hookEnded(now time.Time) {
	if p.extra.hooks.held && !p.startWaits() && !p.shared.ShuttingDown {
		p.extra.hooks.held = false
		p.preStart(now)
		p.settle(now)
	}
	p.leaveCgroup(now)
}

func (p *Process) preStart(now time.Time) {
	if _, ok := p.hookCommand(preStart); !ok {
		p.apply(state.Event{Kind: state.Prepared}, now, now)
		return
	}
	p.runHook(preStart, nil, now)
}

// preStarted goes on with the start, or ends it, after pre_start_hook.
func (p *Process) preStarted(ok bool, text string, now time.Time) {
	kind := state.Prepared
	if !ok {
		kind = state.Unprepared
	}
	starting := p.machine.State == api.Starting
	if starting && !ok {
		p.spawnErr = "pre_start_hook failed: " + text // the helper has logged it
		p.noChild()
	}
	if !starting {
		p.extra.ended(0) // for the reason that stops it
		p.extra.noChild = true
	}
	p.apply(state.Event{Kind: kind}, now, now)
	if !starting || !ok {
		p.runEnded(nil, now)
		p.leaveCgroup(now)
	}
	p.settle(now)
}

// stopPreparing sends a signal to what prepares the start, in place of the child that there is not yet.
func (p *Process) stopPreparing(kill bool, now time.Time) {
	run := p.extra.hooks.last(preStart)
	switch {
	case run == nil || run.Over() || run.Stuck():
		held := p.extra.hooks.held
		p.extra.hooks.held = false
		p.apply(state.Event{Kind: state.Unprepared}, now, now)
		if !held { // pre_start_hook has run
			p.endedBecause(p.stopReason())
			p.extra.noChild = true
			p.runEnded(nil, now)
		}
	case kill:
		run.Kill(now)
	default:
		run.Stop(p.Config.Stop.Signal, p.rules.StopWait, now)
	}
}

// postStart runs post_start_hook. Its end changes nothing.
func (p *Process) postStart(now time.Time) {
	if _, ok := p.hookCommand(postStart); ok {
		p.runHook(postStart, nil, now)
	}
}

// runEnded runs post_stop_hook after a run. Exit is that of its child, nil if it had none.
func (p *Process) runEnded(exit *child.Exit, now time.Time) {
	if _, ok := p.hookCommand(postStop); !ok || p.shared.OutOfTime {
		return
	}
	env := []string{"SUPERVISOR_STOP_REASON=" + string(p.extra.reasons().reason.Why)}
	if exit != nil {
		code, _ := decode(*exit)
		signal := ""
		if exit.Status.Signaled() {
			signal = strings.TrimPrefix(signame.Name(exit.Status.Signal()), "SIG")
		}
		env = append(env, "SUPERVISOR_EXIT_CODE="+strconv.Itoa(code), "SUPERVISOR_EXIT_SIGNAL="+signal)
	}
	p.runHook(postStop, env, now)
}
