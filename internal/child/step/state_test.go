package step

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oneOfEach returns a step of each kind, in the order of kinds.
func oneOfEach() []Step {
	steps := []Step{Required(false), OOMScore(-5), Nice(7), IOPriority{IORealtime, 3}, Affinity("0-2,5"), BoundingSet(^uint64(1)),
		&User{UID: 1, GID: 2, Groups: []int{3, 4}, Regroup: true}, Capabilities(1<<maxCapability | 2), NoNewPrivs(true), DeathSignal(9),
		Directory("/a b"), Umask(0o27), ListenPID{}}
	Resources(func(r Resource, _ string, _ bool) { steps = append(steps, Rlimit{r, uint64(r), Unlimited}) })
	return Sort(steps)
}

// TestHandover hands over a step of each kind, and steps that this version does not know.
func TestHandover(t *testing.T) {
	steps := oneOfEach()
	for i, s := range steps {
		if s.kind() != i || len(steps) != Kinds {
			t.Fatalf("there are %d kinds of steps; of %d, number %d is %T", Kinds, len(steps), i, s)
		}
	}
	text, err := json.Marshal(Export(steps))
	if err != nil {
		t.Fatal(err)
	}
	var states []State
	if err := json.Unmarshal(text, &states); err != nil {
		t.Fatal(err)
	}
	got, err := Import(states)
	if diff := cmp.Diff(steps, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, wrong := range []State{{"cpus", "1"}, {"nice", "x"}, {"user", "1"}} {
		if got, err := Import([]State{wrong}); err == nil {
			t.Errorf("%v: %v", wrong, got)
		}
	}
	if got, err := Import(Export(nil)); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	for _, k := range kinds {
		if slices.Contains([]string{reportArg, parentArg, cgroupArg, execArg}, k.name) {
			t.Errorf("the shim takes step %s for something else", k.name)
		}
	}
	Resources(func(r Resource, name string, _ bool) {
		if key := Key(Rlimit{Resource: r}); key != "rlimit_"+name {
			t.Errorf("resource %s has key %s", name, key)
		}
	})
}
