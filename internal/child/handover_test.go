package child

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestHandover hands over a step of each kind, and steps that this version does not know.
func TestHandover(t *testing.T) {
	var steps []Step
	for _, c := range stepCases() {
		steps = append(steps, c.step)
	}
	if len(steps) != StepKinds {
		t.Errorf("there are %d kinds of steps, %d cases", StepKinds, len(steps))
	}
	text, err := json.Marshal(ExportSteps(steps))
	if err != nil {
		t.Fatal(err)
	}
	var states []StepState
	if err := json.Unmarshal(text, &states); err != nil {
		t.Fatal(err)
	}
	got, err := ImportSteps(states)
	if diff := cmp.Diff(steps, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, wrong := range []StepState{{"cpus", "1"}, {"nice", "x"}, {"user", "1"}} {
		if got, err := ImportSteps([]StepState{wrong}); err == nil {
			t.Errorf("%v: %v", wrong, got)
		}
	}
	if got, err := ImportSteps(ExportSteps(nil)); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
