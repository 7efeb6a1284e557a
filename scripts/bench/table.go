package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// spread summarizes the samples of a contender.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
	Count  int     `json:"count"`
}

// row is a figure with its results; nil is not measured.
type row struct {
	Figure   string   `json:"figure"`
	Unit     string   `json:"unit"`
	Original *spread  `json:"original"`
	Ours     *spread  `json:"ours"`
	Baseline *spread  `json:"baseline"`
	Runit    *spread  `json:"runit"`
	S6       *spread  `json:"s6"`
	Ratio    *float64 `json:"ratio"` // ours to original, medians
	Target   string   `json:"target"`
	Met      *bool    `json:"met"` // nil also where there is no target, or its base was not measured
}

func spreadOf(samples []float64) *spread {
	if len(samples) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(samples))
	n := len(sorted)
	return &spread{Min: sorted[0], Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Max: sorted[n-1], Count: n}
}

// rows returns the figures that were measured.
func rows(all results) []row {
	var table []row
	for _, f := range figures {
		samples := all[f.name]
		if samples == nil {
			continue
		}
		r := row{
			Figure:   f.name,
			Unit:     f.unit,
			Original: spreadOf(samples[original]),
			Ours:     spreadOf(samples[ours]),
			Baseline: spreadOf(samples[baseline]),
			Runit:    spreadOf(samples[runit]),
			S6:       spreadOf(samples[s6]),
			Met:      f.met(all),
		}
		if r.Original != nil && r.Ours != nil && r.Original.Median != 0 {
			ratio := r.Ours.Median / r.Original.Median
			r.Ratio = &ratio
		}
		var texts []string
		for _, a := range f.applicable(all) {
			texts = append(texts, a.String())
		}
		r.Target = strings.Join(texts, ", ")
		table = append(table, r)
	}
	return table
}

// spreads returns the results in the order of columns.
func (r row) spreads() []*spread { return []*spread{r.Original, r.Ours, r.Baseline, r.Runit, r.S6} }

var columns = []who{original, ours, baseline, runit, s6}

// isPeer reports whether w is a contender that may be missing.
func isPeer(w who) bool {
	return slices.ContainsFunc(peers, func(p peer) bool { return p.who == w })
}

// applicable returns the targets of the figure without those that refer to a peer that was not measured.
func (f figure) applicable(all results) []target {
	return slices.DeleteFunc(slices.Clone(f.targets), func(a target) bool { return isPeer(a.by) && len(all[a.of][a.by]) == 0 })
}

// met reports whether ours meets all targets of the figure; nil if that is unknown.
func (f figure) met(all results) *bool {
	mine, targets := spreadOf(all[f.name][ours]), f.applicable(all)
	if mine == nil || len(targets) == 0 {
		return nil
	}
	yes, known := true, true
	median := func(r reference) float64 { return spreadOf(all[r.figure][r.by]).Median }
	measured := func(r reference) bool { return len(all[r.figure][r.by]) > 0 }
	for _, a := range targets {
		if slices.ContainsFunc(a.references(), func(r reference) bool { return !measured(r) }) {
			known = false
			continue
		}
		yes = yes && a.holds(mine.Median, median)
	}
	if yes && !known {
		return nil
	}
	return &yes
}

func printJSON(w io.Writer, m machine, all results) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(struct {
		Machine machine `json:"machine"`
		Figures []row   `json:"figures"`
	}{m, rows(all)})
}

func printTable(w io.Writer, m machine, all results) error {
	fmt.Fprintf(w, "%d processors, Linux %s, %s; child: %s; rounds: %d\n", m.CPUs, m.Kernel, m.Go, m.Child, m.Repeat)
	fmt.Fprint(w, "min/median/max; ratio and targets are of the medians, ours to the original\n\n")
	table := rows(all)
	shown := shownColumns(table)
	lines := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	heads := []string{"figure", "unit"}
	for _, i := range shown {
		heads = append(heads, string(columns[i]))
	}
	fmt.Fprintln(lines, strings.Join(append(heads, "ratio", "target", "met?"), "\t"))
	for _, r := range table {
		ratio, met := "–", "–"
		if r.Ratio != nil {
			ratio = number(*r.Ratio)
		}
		if r.Met != nil {
			met = map[bool]string{true: "yes", false: "no"}[*r.Met]
		}
		cells := []string{r.Figure, r.Unit}
		for _, i := range shown {
			cells = append(cells, r.spreads()[i].String())
		}
		fmt.Fprintln(lines, strings.Join(append(cells, ratio, r.Target, met), "\t"))
	}
	return lines.Flush()
}

// shownColumns returns the indexes of columns without peers that were not measured.
func shownColumns(table []row) (shown []int) {
	for i, w := range columns {
		measured := slices.ContainsFunc(table, func(r row) bool { return r.spreads()[i] != nil })
		if measured || !isPeer(w) {
			shown = append(shown, i)
		}
	}
	return shown
}

func (s *spread) String() string {
	if s == nil {
		return "–"
	}
	return number(s.Min) + "/" + number(s.Median) + "/" + number(s.Max)
}

// number formats a small value with three digits, a large one without a fraction.
func number(v float64) string {
	digits := 0
	switch {
	case v == 0:
	case v < 1:
		digits = 3
	case v < 10:
		digits = 2
	case v < 100:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}
