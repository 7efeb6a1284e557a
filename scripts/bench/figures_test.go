package main

import (
	"regexp"
	"slices"
	"testing"
)

// TestFigures checks the references inside the tables: a figure without a scenario would never be measured, and a target that
// refers to an unknown figure never be evaluated.
func TestFigures(t *testing.T) {
	byName := map[string]figure{}
	for _, f := range figures {
		if _, twice := byName[f.name]; twice {
			t.Errorf("there are two figures %s", f.name)
		}
		byName[f.name] = f
	}
	known := map[string]bool{}
	for _, s := range scenarios {
		known[s.name] = true
	}
	for _, f := range figures {
		if !known[f.where] {
			t.Errorf("%s belongs to no scenario: %s", f.name, f.where)
		}
		for _, a := range f.targets {
			for _, r := range a.references() {
				if base, found := byName[r.figure]; !found || !base.measures(r.by) {
					t.Errorf("%s refers to %s of %s, which is not measured", f.name, r.figure, r.by)
				}
			}
		}
	}
}

func TestTargetHolds(t *testing.T) {
	for _, c := range []struct {
		target      target
		value, base float64
		want        bool
	}{
		{atMost(6), 6, 0, true},
		{atMost(6), 6.1, 0, false},
		{below(0.1), 0.1, 0, false},
		{below(0.1), 0, 0, true},
		{atLeast(100), 100, 0, true},
		{atLeast(100), 99, 0, false},
		{atMostOf(1.5, baseline, "start/1000"), 30, 20, true},
		{atMostOf(1.5, baseline, "start/1000"), 31, 20, false},
		{atLeastOf(0.95, baseline, "log/rate"), 95, 100, true},
		{atLeastOf(0.95, baseline, "log/rate"), 94, 100, false},
		{belowOf(2, ours, "update/reread"), 39, 20, true},
		{belowOf(2, ours, "update/reread"), 40, 20, false},
		{atMost(1.2).over("restart/p50"), 3.2, 2, true},
		{atMost(1.2).over("restart/p50"), 3.3, 2, false},
		{atMostOf(2, baseline, "true/p50").over("restart/p50"), 6, 2, true},
		{atMostOf(2, baseline, "true/p50").over("restart/p50"), 6.1, 2, false},
	} {
		median := func(r reference) float64 {
			if !slices.Contains(c.target.references(), r) {
				t.Errorf("%v does not refer to %v", c.target, r)
			}
			return c.base
		}
		if got := c.target.holds(c.value, median); got != c.want {
			t.Errorf("%v, value %v, base %v: %v", c.target, c.value, c.base, got)
		}
	}
}

func TestWants(t *testing.T) {
	for _, c := range []struct {
		only     string
		large    bool
		who      who
		scenario string
		name     string
		want     bool
	}{
		{"", false, ours, "one", "start/1", true},
		{"", false, ours, "thousand", "start/1", false},         // of another scenario
		{"idle", false, ours, "one", "start/1", false},          // not selected
		{"", false, baseline, "thousand", "start/1000", true},   //
		{"", false, baseline, "thousand", "idle/memory", false}, // the baseline has none
		{"", false, original, "growth", "start/4000", false},    // only with -large
		{"", true, original, "growth", "start/4000", true},      //
		{"", false, ours, "thousand", "getState/1000", true},    //
		{"", false, ours, "thousand", "getState/9999", false},   // no such figure
	} {
		turn := &turn{
			bench:     &bench{settings: settings{only: regexp.MustCompile(c.only), large: c.large}},
			contender: contender{who: c.who},
			scenario:  c.scenario,
		}
		if got := turn.wants(c.name); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
