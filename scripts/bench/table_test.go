package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var sample = results{
	"start/1":    {original: {1300, 1100, 1200}, ours: {5, 4}, baseline: {0.4}},
	"start/1000": {original: {3000}, ours: {450}},
	"log/rate":   {ours: {900}, baseline: {1000}},
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		want    *spread
	}{
		{nil, nil},
		{[]float64{3}, &spread{3, 3, 3, 1}},
		{[]float64{4, 1}, &spread{1, 2.5, 4, 2}},
		{[]float64{9, 1, 2}, &spread{1, 2, 9, 3}},
	} {
		if diff := cmp.Diff(c.want, spreadOf(c.samples)); diff != "" {
			t.Errorf("%v: (-want +got)\n%s", c.samples, diff)
		}
	}
}

func TestTable(t *testing.T) {
	want := `
figure      unit  original        ours            baseline              ratio  target                         met?
start/1     ms    1100/1200/1300  4.00/4.50/5.00  0.400/0.400/0.400  0.004  ≤ 15 × baseline                         yes
start/1000  ms    3000/3000/3000  450/450/450     –                  0.150  ≤ 1.25 × baseline  –
log/rate    MB/s  –               900/900/900     1000/1000/1000     –      ≥ 0.95 × baseline              no
`
	var out bytes.Buffer
	if err := printTable(&out, machine{}, sample); err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(out.String(), "\n\n")
	table = "\n" + table
	squeeze := func(s string) string {
		lines := strings.Split(s, "\n")
		for i, line := range lines {
			lines[i] = strings.Join(strings.Fields(line), " ")
		}
		return strings.Join(lines, "\n")
	}
	if diff := cmp.Diff(squeeze(want), squeeze(table)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestMet checks that a figure that misses one target is not met, even if the base of another is unknown.
func TestMet(t *testing.T) {
	start := figure{name: "start/1000", targets: []target{atMost(500), atMostOf(1.5, baseline, "start/1000")}}
	for _, c := range []struct {
		ours, baseline []float64
		want           string
	}{
		{nil, nil, "unknown"},
		{[]float64{450}, nil, "unknown"},
		{[]float64{600}, nil, "false"},
		{[]float64{450}, []float64{310}, "true"},
		{[]float64{450}, []float64{290}, "false"},
	} {
		got := "unknown"
		if met := start.met(results{start.name: {ours: c.ours, baseline: c.baseline}}); met != nil {
			got = map[bool]string{true: "true", false: "false"}[*met]
		}
		if got != c.want {
			t.Errorf("ours %v, baseline %v: %s, want %s", c.ours, c.baseline, got, c.want)
		}
	}
}

// TestPeers checks that a measured peer has a column, and that only then a target refers to it.
func TestPeers(t *testing.T) {
	for _, c := range []struct {
		runit                   []float64
		heads, bounds, met, row string
	}{
		{nil, "figure unit original ours baseline ratio target met?", "≤ 1", "yes", "– 0.900/0.900/0.900 – –"},
		{[]float64{2}, "figure unit original ours baseline runit ratio target met?", "≤ 1, ≤ 1 × runit", "yes",
			"– 0.900/0.900/0.900 – 2.00/2.00/2.00 –"},
		{[]float64{0.5}, "figure unit original ours baseline runit ratio target met?", "≤ 1, ≤ 1 × runit", "no",
			"– 0.900/0.900/0.900 – 0.500/0.500/0.500 –"},
	} {
		var out bytes.Buffer
		if err := printTable(&out, machine{}, results{"restart/p50": {ours: {0.9}, runit: c.runit}}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(out.String(), "\n")
		want := []string{c.heads, "restart/p50 ms " + c.row + " " + c.bounds + " " + c.met}
		for i, line := range lines[len(lines)-3 : len(lines)-1] {
			if got := strings.Join(strings.Fields(line), " "); got != want[i] {
				t.Errorf("%q, want %q", got, want[i])
			}
		}
	}
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	if err := printJSON(&out, machine{CPUs: 2}, sample); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Machine machine
		Figures []row
	}
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows(sample), back.Figures); diff != "" || back.Machine.CPUs != 2 {
		t.Errorf("machine %+v, figures (-want +got)\n%s", back.Machine, diff)
	}
}
