package state

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// MachineState is a Machine as data.
type MachineState struct {
	State     api.State       `json:"state"`
	Tries     int             `json:"tries,omitempty"`
	Shortages int             `json:"shortages,omitempty"`
	Since     handover.Time   `json:"since,omitzero"`
	Wake      handover.Time   `json:"wake,omitzero"`
	Flapping  bool            `json:"flapping,omitempty"`
	Ready     bool            `json:"ready,omitempty"`
	Again     bool            `json:"again,omitempty"`
	Phase     Phase           `json:"phase,omitempty"`
	Step      int32           `json:"step,omitempty"`
	Crashes   []handover.Time `json:"crashes,omitempty"`
}

// Export returns the machine as data.
func (m Machine) Export() MachineState {
	s := MachineState{State: m.State, Tries: m.Tries, Shortages: m.Shortages, Since: handover.Time{Time: m.Since},
		Wake: handover.Time{Time: m.Wake}, Flapping: m.Flapping, Ready: m.Ready, Again: m.Again, Phase: m.Phase, Step: m.Step}
	if m.Crashes != nil {
		for _, at := range m.Crashes.At {
			s.Crashes = append(s.Crashes, handover.Time{Time: at})
		}
	}
	return s
}

// ImportMachine returns the machine of which Export has made data.
func ImportMachine(s MachineState) Machine {
	m := Machine{State: s.State, Tries: s.Tries, Shortages: s.Shortages, Since: s.Since.Time, Wake: s.Wake.Time, Flapping: s.Flapping,
		Ready: s.Ready, Again: s.Again, Phase: s.Phase, Step: s.Step}
	if s.Crashes != nil {
		m.Crashes = &Crashes{At: make([]time.Time, len(s.Crashes))}
		for i, at := range s.Crashes {
			m.Crashes.At[i] = at.Time
		}
	}
	return m
}
