package operations

import (
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// OperationState is an operation on one process that is not over, or of several one that is. Its kind is known from the request.
type OperationState struct {
	ProcessState
	As       string         `json:"as"` // the name of the process in faults
	Reported handover.Time  `json:"reported"`
	Over     bool           `json:"over,omitempty"`
	Since    *handover.Time `json:"since,omitempty"` // when the process of one that is over entered its state
	Fault    *FaultState    `json:"fault,omitempty"` // how it ended; none: well
}

// ProcessState names a process.
type ProcessState struct {
	Group string `json:"group"`
	Name  string `json:"name"`
}

// FaultState is an api.Fault.
type FaultState struct {
	Code int    `json:"code"`
	Text string `json:"text,omitempty"`
}

// BatchState is an operation on several processes that is not over.
type BatchState struct {
	Outcomes []OutcomeState   `json:"outcomes,omitempty"`
	Waiting  []OperationState `json:"waiting,omitempty"`
	Left     []ProcessState   `json:"left,omitempty"` // whose actions have not been performed
}

// OutcomeState is how the operation ended for a process that is not waited for.
type OutcomeState struct {
	ProcessState
	FaultState
}

// export returns the state of an operation for which await returned errFrozen, or that is over.
func (o *operation) export() OperationState {
	return OperationState{ProcessState: nameOf(o.process), As: o.name, Reported: handover.Time{Time: o.reported}}
}

func nameOf(p *process.Process) ProcessState { return ProcessState{p.Group, p.Name()} }

// resume makes an operation of its state. What has changed meanwhile is found out.
func (s *Service) resume(k kind, state *OperationState) (o operation, err error) {
	down := s.sup.Read(func(v supervisor.View) { o, err = s.resumed(v, k, state) })
	if down != nil {
		return o, down
	}
	return o, err
}

// resumed is resume in the loop.
func (s *Service) resumed(v supervisor.View, k kind, state *OperationState) (operation, error) {
	p := v.Find(state.Group, state.Name)
	if p == nil {
		return operation{}, BadName(state.As)
	}
	o := operation{kind: k, process: p, name: state.As, reported: state.Reported.Time}
	if state.Over {
		if state.Since != nil {
			o.stateSince = state.Since.Time
		}
		return o, state.Fault.err()
	}
	err := s.check(v, &o)
	return o, err
}

// err returns the fault, nil for none.
func (f *FaultState) err() error {
	if f == nil {
		return nil
	}
	return &api.Fault{Code: f.Code, Text: f.Text}
}

// parked returns the state of a request that is parked, of which the batch is a part or all.
func (b *batch) parked() any {
	if b.within != nil {
		return b.within(b)
	}
	return b.export()
}

// export returns the state of a batch that is parked.
func (b *batch) export() BatchState {
	var s BatchState
	for _, p := range b.outcomes {
		s.Outcomes = append(s.Outcomes, OutcomeState{ProcessState{p.Group, p.Name}, FaultState{p.Status, p.Description}})
	}
	for i := range b.waiting {
		o := &b.waiting[i]
		state := o.export()
		if o.changed == nil {
			state.Over, state.Since = true, &handover.Time{Time: o.stateSince}
			if fault := api.FaultOf(b.ends[i]); fault != nil {
				state.Fault = &FaultState{fault.Code, fault.Text}
			}
		}
		s.Waiting = append(s.Waiting, state)
	}
	for _, p := range b.left {
		s.Left = append(s.Left, nameOf(p))
	}
	return s
}

// resume continues with a state. Processes that are not there any more are left out.
func (b *batch) resume(state *BatchState) error {
	for _, p := range state.Outcomes {
		b.outcomes = append(b.outcomes, api.ProcessStatus{Name: p.Name, Group: p.Group, Status: p.Code, Description: p.Text})
	}
	return b.service.sup.Read(func(v supervisor.View) {
		for i := range state.Waiting {
			o, err := b.service.resumed(v, b.kind, &state.Waiting[i])
			if o.process != nil {
				b.waiting, b.ends = append(b.waiting, o), append(b.ends, err)
			}
		}
		for _, n := range state.Left {
			if p := v.Find(n.Group, n.Name); p != nil {
				b.left = append(b.left, p)
			}
		}
	})
}
