package helper

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pump"
)

// RunState is a helper that has not ended. What it is for is known by its owner.
type RunState struct {
	Label      string        `json:"label"`
	Stage      string        `json:"stage"`
	Wake       handover.Time `json:"wake,omitzero"`
	PID        int           `json:"pid,omitempty"`
	Late       bool          `json:"late,omitempty"`
	Timeout    time.Duration `json:"timeout,omitempty"` // in nanoseconds
	Check      bool          `json:"check,omitempty"`
	Privileged bool          `json:"privileged,omitempty"`
	MayFail    bool          `json:"may_fail,omitempty"`
	Known      bool          `json:"known,omitempty"`
	Problem    string        `json:"problem,omitempty"` // why there is no child
	Streams    []StreamState `json:"streams,omitempty"`
	Tail       []byte        `json:"tail,omitempty"`
}

// StreamState is the standard output of a helper, or its standard error.
type StreamState struct {
	Number int               `json:"number,omitempty"` // 1: standard error
	Pipe   *pump.PipeState   `json:"pipe,omitempty"`   // absent: it is closed
	Chain  output.ChainState `json:"chain"`
}

// stages are the names of stages in states. Other versions read them, so they do not change.
var stages = [...]string{unstarted: "unstarted", running: "running", terminated: "terminated", killed: "killed", stuck: "stuck",
	reaped: "reaped", ended: "ended"}

// chained is a sink with a chain of stages.
type chained interface{ Export() output.ChainState }

// Export returns the state of a helper, nil if it has ended. Its output is not being read.
func (r *Run) Export(w *handover.Writer) *RunState {
	if r == nil || r.stage == ended {
		return nil
	}
	s := &RunState{Label: r.spec.Label, Stage: stages[r.stage], Wake: handover.Time{Time: r.wake}, PID: r.pid, Late: r.late, Known: r.known,
		Timeout: r.spec.Timeout, Check: r.spec.Check, Privileged: r.spec.Command.Privileged, MayFail: r.spec.Command.MayFail}
	if r.stage == unstarted {
		s.Problem = r.result.Text
	}
	for _, from := range r.streams {
		stream := StreamState{Number: from.number, Pipe: from.pipe.Export(w, r.purpose(from.number))}
		if c, ok := from.sink.(chained); ok {
			stream.Chain = c.Export()
		}
		s.Streams = append(s.Streams, stream)
	}
	if r.tail != nil {
		s.Tail = []byte(r.tail.text())
	}
	return s
}

// purpose is what the descriptor of a stream is for.
func (r *Run) purpose(stream int) string {
	return [...]string{"stdout of ", "stderr of "}[stream] + r.Name()
}

// Import makes a helper of its state. Spec is what it was started with. Outputs returns what gets standard output or standard error,
// with the state of a chain; done is to be called after the last byte. They are not used for a check. Begin goes on with the helper.
func Import(host *Host, reader *handover.Reader, s *RunState, program Program, spec Spec,
	outputs func(stream int, chain output.ChainState) pump.Sink, done func()) *Run {
	r := &Run{host: host, program: program, spec: spec, wake: s.Wake.Time, pid: s.PID, late: s.Late, known: s.Known}
	r.stage = stage(max(0, slices.Index(stages[:], s.Stage)))
	switch {
	case r.stage == unstarted:
		r.result = Result{Text: s.Problem, Exit: -1, OK: spec.Command.MayFail}
		return r
	case spec.Check:
		r.tail = &tail{}
		r.tail.Write(s.Tail)
	default:
		r.done = done
	}
	for _, from := range s.Streams {
		to := stream{number: from.Number & 1}
		if to.sink = r.tail; r.tail == nil {
			to.sink = outputs(to.number, from.Chain)
		}
		if to.pipe = host.Pump.ImportPipe(reader, from.Pipe, r.purpose(to.number), to.sink); to.pipe != nil {
			r.streams = append(r.streams, to)
		}
	}
	return r
}

// Begin goes on with an imported helper.
func (r *Run) Begin() {
	if r.pid != 0 {
		r.program.Own(r.pid, r)
	}
	r.host.Schedule(r)
}

// Draining reports whether its last output is being read.
func (r *Run) Draining() bool { return r.stage == reaped }

// Known reports whether its result has been reported: it survives SIGKILL.
func (r *Run) Known() bool { return r.known }
