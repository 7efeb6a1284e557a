package state

import "github.com/gosupervisor/supervisor/internal/api"

// Restarts reports whether the deadline of the machine, if it has one, is that of a start.
func (m Machine) Restarts(r Rules) bool {
	switch m.State {
	case api.Stopped:
		return true
	case api.Backoff:
		return !r.exhausted(m.Tries)
	case api.Exited:
		return !m.CrashedTooOften(r)
	}
	return false
}
