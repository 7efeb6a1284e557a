package web

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/operations"
)

// State is what pages that are open refer to.
type State struct {
	Instance string `json:"instance,omitempty"`
	Token    string `json:"token,omitempty"` // of forms
}

// Export returns the state of the pages.
func (h *Handler) Export() State { return State{h.instanceID, h.token} }

// Import is New with a state. An empty one is that of a program without pages.
func Import(s State, ops *operations.Service, started time.Time) *Handler {
	h := New(ops, started)
	if s.Token != "" {
		h.instanceID, h.token = s.Instance, s.Token
	}
	return h
}
