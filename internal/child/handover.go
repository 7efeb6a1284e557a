package child

import "fmt"

// StepState is a Step as data: the name of its kind, and its value, as the shim gets them.
type StepState struct {
	Kind  string `json:"k"`
	Value string `json:"v"`
}

// ExportSteps returns steps as data, nil if there are none.
func ExportSteps(steps []Step) (states []StepState) {
	for _, s := range steps {
		k := &kinds[s.kind()]
		states = append(states, StepState{k.name, k.encode(s)})
	}
	return states
}

// ImportSteps returns the steps of which ExportSteps has made data.
func ImportSteps(states []StepState) (steps []Step, err error) {
	for _, s := range states {
		k := kindNamed(s.Kind)
		if k == nil {
			return nil, fmt.Errorf("step %s is unknown", s.Kind)
		}
		step, err := k.decode(s.Value)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", s.Kind, err)
		}
		steps = append(steps, step)
	}
	return steps, nil
}
