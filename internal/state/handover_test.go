package state

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// handOver returns the machine after it was written and read.
func handOver(t *testing.T, m Machine) (got Machine) {
	t.Helper()
	text, err := handover.Marshal(m.Export())
	if err != nil {
		t.Fatal(err)
	}
	var s MachineState
	if err := handover.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return ImportMachine(s)
}

// TestHandover hands over the machines of both tables, after each step of them, too, and checks that nothing has changed: neither the
// machine, nor what it does next.
// covers: L12-a
func TestHandover(t *testing.T) {
	var machines []Machine
	for _, s := range situations {
		m := s.Machine
		m.Tries, m.Since = 1, t0
		machines = append(machines, m)
	}
	for s := range api.Unknown + 1 {
		if s.String() != "" {
			machines = append(machines, Machine{State: s, Since: t0, Wake: t0.Add(time.Second), Tries: 1})
		}
	}
	for _, m := range slices.Clone(machines) {
		for _, h := range slices.Concat(happenings, moreHappenings) {
			if next, act := m.Next(h.Event, t0.Add(h.at), all); act != Refuse {
				next.Crashes = &Crashes{At: []time.Time{t0, t0.Add(time.Second)}}
				machines = append(machines, next)
			}
		}
	}
	for _, m := range machines {
		got := handOver(t, m)
		if diff := cmp.Diff(m, got); diff != "" {
			t.Fatalf("%+v\n%s", m, diff)
		}
		for _, h := range slices.Concat(happenings, moreHappenings) {
			want, wantAct := m.Next(h.Event, t0.Add(h.at), all)
			next, act := got.Next(h.Event, t0.Add(h.at), all)
			if diff := cmp.Diff(want, next); diff != "" || act != wantAct {
				t.Errorf("%+v, %s: %v, want %v\n%s", m, h.name, act, wantAct, diff)
			}
		}
	}
	if len(machines) < 100 {
		t.Errorf("only %d machines", len(machines))
	}
}

// TestHandoverOfEachField changes each field of a machine alone.
func TestHandoverOfEachField(t *testing.T) {
	for i := range reflect.TypeFor[Machine]().NumField() {
		var m Machine
		switch v := reflect.ValueOf(&m).Elem().Field(i); v.Interface().(type) {
		case bool:
			v.SetBool(true)
		case time.Time:
			v.Set(reflect.ValueOf(time.Now().Add(time.Hour)))
		case *Crashes:
			m.Crashes = &Crashes{At: []time.Time{time.Now()}}
		case Phase:
			v.SetUint(2)
		default:
			v.SetInt(7)
		}
		if diff := cmp.Diff(m, handOver(t, m)); diff != "" {
			t.Error(diff)
		}
	}
}
