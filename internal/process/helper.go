package process

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pump"
)

// Help starts a helper of the process: a command with the user, the directory, the umask, the limits and the environment that
// its children have.
func (p *Process) Help(spec helper.Spec, now time.Time) *helper.Run {
	started := new(atomic.Int32)
	program := helper.Program{Name: p.Name(), Outputs: func() (out, err pump.Sink, done func(), failure error) { return p.helperOutputs(started) },
		Own: func(pid int, r *helper.Run) {
			started.Store(int32(pid))
			p.shared.Own(pid, r, p)
		}}
	run, err := p.current()
	var path string
	var args []string
	if err == nil {
		path, args, err = run.FindHelper(spec.Command)
	}
	if err != nil {
		program.Problem = err.Error()
	} else {
		program.Child = child.Spec{Path: path, Args: args, Steps: p.steps(spec.Command.Privileged),
			Env: p.helperEnviron(spec, run.Environment)}
	}
	leave, err := p.helperCgroup(spec, &program.Child)
	if err != nil && program.Problem == "" {
		program.Problem = err.Error()
	}
	defer leave()
	return helper.Start(&p.shared.Helpers, program, spec, now)
}

// helperEnviron is the environment of the children, and the variables that helpers have.
func (p *Process) helperEnviron(spec helper.Spec, configured map[string]string) []string {
	env := append(p.environ(configured, spec.Command.Privileged), "SUPERVISOR_HOOK="+spec.Hook)
	if p.pid != 0 && p.reaped == nil && !p.lingering() {
		env = append(env, "SUPERVISOR_PROGRAM_PID="+strconv.Itoa(p.pid))
	}
	return append(env, spec.Env...)
}

// helperOutputs opens the logs for a helper, whose PID is in started as soon as it is known. Its output is neither captured nor sent as events.
func (p *Process) helperOutputs(started *atomic.Int32) (out, err pump.Sink, done func(), failure error) {
	channels := []*channel{&p.out, &p.err}
	if p.Config.RedirectErr {
		channels = channels[:1]
	}
	var sinks [2]pump.Sink
	var opened []*helperSink
	done = func() {
		for _, s := range opened {
			s.chain.Flush()
			s.channel.closeFile()
		}
	}
	for i, c := range channels {
		if failure = c.openFile(); failure != nil {
			done()
			return nil, nil, nil, failure
		}
		stages, _ := c.logStages(true, func() int { return int(started.Load()) })
		s := &helperSink{channel: c, chain: stages.Chain()}
		opened, sinks[i] = append(opened, s), s
	}
	return sinks[0], sinks[1], done, nil
}

// helperSink passes the output of a helper to the log of a channel.
type helperSink struct {
	channel *channel
	chain   output.Stage
}

// Write implements pump.Sink.
func (s *helperSink) Write(chunk []byte) { s.chain.Write(chunk) }

// Backpressure implements pump.Sink.
func (s *helperSink) Backpressure() <-chan struct{} { return s.channel.file.Backpressure() }
