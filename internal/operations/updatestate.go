package operations

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// UpdateState is an update that is not over.
type UpdateState struct {
	Needed    [6]bool       `json:"needed"`          // those of updatePhases in which there is something to do
	Phase     int           `json:"phase,omitempty"` // the one that is not over
	Actions   []ActionState `json:"actions,omitempty"`
	Replaced  []string      `json:"replaced,omitempty"` // the groups that are to be replaced, from the present one on
	Replacing ActionState   `json:"replacing,omitzero"` // the action about the present one
	Ran       []string      `json:"ran,omitempty"`      // those of its processes that ran
	Limited   []ActionState `json:"limited,omitempty"`  // about limits of cgroups that change in place, each of one process
	Batch     BatchState    `json:"batch,omitzero"`     // what is waited for
}

// ActionState is an api.UpdateAction. One that is not over counts as a success.
type ActionState struct {
	Action  string `json:"action"`
	Group   string `json:"group"`
	Process string `json:"process,omitempty"`
	Keys    string `json:"keys,omitempty"`
	Running int    `json:"running,omitempty"`
	Status  int    `json:"status"`
	Text    string `json:"text"`
}

func actionState(a api.UpdateAction) ActionState {
	return ActionState{a.Action, a.Group, a.Process, a.Keys, a.Running, a.Status, a.Text}
}

func (a ActionState) action() api.UpdateAction {
	return api.UpdateAction{Action: a.Action, Group: a.Group, Process: a.Process, Keys: a.Keys, Running: a.Running, Status: a.Status, Text: a.Text}
}

// need notes in which phases there is something to do: comparing all groups once more costs as much as a fifth of a reading.
func (s *UpdateState) need(plan supervisor.Plan) {
	gone, come, limited := false, false, false
	for _, g := range plan.Changed {
		gone, come, limited = gone || len(g.Removed) > 0, come || len(g.Added) > 0, limited || len(g.Limits()) > 0
	}
	s.Needed = [...]bool{gone || len(plan.Removed) > 0, len(plan.Replaced) > 0, len(plan.Changed) > 0, come, len(plan.Added) > 0, limited}
}

func (s *UpdateState) actions() (list []api.UpdateAction) {
	for _, a := range s.Actions {
		list = append(list, a.action())
	}
	return list
}

// add adds an action that has ended, with a fault or nil.
func (s *UpdateState) add(a api.UpdateAction, err error) {
	s.Actions = append(s.Actions, actionState(a))
	s.Actions[len(s.Actions)-1].end(err)
}

func (a *ActionState) end(err error) {
	a.Status, a.Text = api.Success, "OK"
	if fault := api.FaultOf(err); fault != nil {
		a.Status, a.Text = fault.Code, fault.Text
	}
}

// end adds the faults of processes, by their namespecs, to the actions of these kinds.
func (s *UpdateState) end(ends map[string]error, kinds ...string) {
	for i := range s.Actions {
		a := &s.Actions[i]
		if err := ends[api.Namespec(a.Group, a.Process)]; err != nil && a.Process != "" && slices.Contains(kinds, a.Action) {
			a.end(err)
		}
	}
}

// noteStarts makes the actions about processes that were added, and have been started, those of a start.
func (s *UpdateState) noteStarts(v supervisor.View) {
	for i := range s.Actions {
		a := &s.Actions[i]
		if a.Action != api.UpdateAdd || a.Process == "" {
			continue
		}
		if p := v.Find(a.Group, a.Process); p != nil && !p.Begun().IsZero() {
			a.Action = api.UpdateStart
		}
	}
}
