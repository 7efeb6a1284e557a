package process

import (
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pump"
)

// Help starts a helper of the process: a command with the user, the directory, the umask, the limits and the environment that
// its children have.
func (p *Process) Help(spec helper.Spec, now time.Time) *helper.Run {
	outputs := newHelperOutputs(p, spec)
	program := helper.Program{Name: p.Name(), Outputs: outputs.open,
		Own: func(pid int, r *helper.Run) { outputs.setPID(pid); p.shared.Own(pid, r, p) }}
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

// helperOutputs are the logs to which a helper writes.
type helperOutputs struct {
	process *Process
	name    string        // of the hook or command
	started chan struct{} // closed when pid is known
	pid     int
	sinks   []*helperSink
}

func newHelperOutputs(p *Process, spec helper.Spec) *helperOutputs {
	return &helperOutputs{process: p, name: strings.TrimSuffix(spec.Label, "_hook"), started: make(chan struct{})}
}

// open opens the logs.
func (o *helperOutputs) open() (out, err pump.Sink, done func(), failure error) {
	p := o.process
	channels := []*channel{&p.out, &p.err}
	if p.Config.RedirectErr {
		channels = channels[:1]
	}
	var sinks [2]pump.Sink
	for i, c := range channels {
		if failure = c.openFile(); failure != nil {
			o.close()
			return nil, nil, nil, failure
		}
		sinks[i] = o.add(c, output.Stages.Chain)
	}
	return sinks[0], sinks[1], o.close, nil
}

// add makes the stages to the log of a channel. The output of a helper is neither captured nor sent as events.
func (o *helperOutputs) add(c *channel, chain func(output.Stages) output.Stage) pump.Sink {
	pid := func() int {
		<-o.started
		return o.pid
	}
	stages, _ := c.logStages(true, pid, &output.Names{Helper: o.name, PID: pid}, func() { <-o.started })
	s := &helperSink{channel: c, chain: chain(stages)}
	o.sinks = append(o.sinks, s)
	if lines, ok := stages.Targets[0].(*output.Lines); ok {
		return &heldHelper{heldSink{s, s.chain, lines}}
	}
	return s
}

// setPID sets the process ID of the helper, or 0 if it was not started.
func (o *helperOutputs) setPID(pid int) {
	select {
	case <-o.started:
	default:
		o.pid = pid
		close(o.started)
	}
}

func (o *helperOutputs) flush() {
	o.setPID(0)
	for _, s := range o.sinks {
		s.chain.Flush()
	}
}

// close flushes the stages and closes the logs.
func (o *helperOutputs) close() {
	o.flush()
	for _, s := range o.sinks {
		s.channel.closeFile()
	}
}

// heldHelper is a helperSink that may hold back the beginning of a line.
type heldHelper struct{ heldSink }

// Export returns the state of the chain.
func (s *heldHelper) Export() output.ChainState { return output.Export(s.chain) }

// helperSink passes the output of a helper to the log of a channel.
type helperSink struct {
	channel *channel
	chain   output.Stage
}

// Write implements pump.Sink.
func (s *helperSink) Write(chunk []byte) { s.chain.Write(chunk) }

// Backpressure implements pump.Sink.
func (s *helperSink) Backpressure() <-chan struct{} { return s.channel.file.Backpressure() }
