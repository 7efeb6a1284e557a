package step

import "errors"

// State is a Step as data: the name of its kind, and its value, as the shim gets them.
type State struct {
	Kind  string `json:"k"`
	Value string `json:"v"`
}

// Export returns steps as data, nil if there are none.
func Export(steps []Step) (states []State) {
	for _, s := range steps {
		k := &kinds[s.kind()]
		states = append(states, State{k.name, k.encode(s)})
	}
	return states
}

// Import returns the steps of which Export has made data.
func Import(states []State) (steps []Step, err error) {
	for _, state := range states {
		s, known, err := decode(state.Kind, state.Value)
		if !known {
			return nil, errors.New("step " + state.Kind + " is unknown")
		}
		if err != nil {
			return nil, errors.New("step " + state.Kind + ": " + err.Error())
		}
		steps = append(steps, s)
	}
	return steps, nil
}
