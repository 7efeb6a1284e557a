package cgroup

import "errors"

// State is a Tree as data. The path of each cgroup follows from the base and the names of the process.
type State struct {
	Base    string   `json:"base,omitempty"`
	Problem string   `json:"problem,omitempty"`
	Enabled []string `json:"enabled,omitempty"` // controllers
}

// Export returns the state of the tree, nil of one that is not open.
func (t *Tree) Export() *State {
	if t == nil || !t.opened {
		return nil
	}
	s := &State{Base: t.base, Enabled: t.enabled}
	if t.problem != nil {
		s.Problem = t.problem.Error()
	}
	return s
}

// Import makes a Tree of its state, nil for one that is not open. Waits are begun anew.
func Import(s *State, o Options) *Tree {
	t := New(o)
	if s == nil {
		return t
	}
	t.opened, t.base, t.enabled = true, s.Base, s.Enabled
	switch {
	case o.Setting == Off:
		t.problem = errOff
	case s.Problem != "":
		t.problem = errors.New(s.Problem)
	}
	return t
}
