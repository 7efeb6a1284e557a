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
			Met:      f.met(all),
		}
		if r.Original != nil && r.Ours != nil && r.Original.Median != 0 {
			ratio := r.Ours.Median / r.Original.Median
			r.Ratio = &ratio
		}
		texts := make([]string, len(f.targets))
		for i, a := range f.targets {
			texts[i] = a.String()
		}
		r.Target = strings.Join(texts, ", ")
		table = append(table, r)
	}
	return table
}

// met reports whether ours meets all targets of the figure; nil if that is unknown.
func (f figure) met(all results) *bool {
	mine := spreadOf(all[f.name][ours])
	if mine == nil || len(f.targets) == 0 {
		return nil
	}
	yes, known := true, true
	for _, a := range f.targets {
		base := spreadOf(all[a.of][a.by])
		switch {
		case a.of == "":
			yes = yes && a.holds(mine.Median, 0)
		case base != nil:
			yes = yes && a.holds(mine.Median, base.Median)
		default:
			known = false
		}
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
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "figure\tunit\toriginal\tours\tbaseline\tratio\ttarget\tmet?")
	for _, r := range rows(all) {
		ratio, met := "–", "–"
		if r.Ratio != nil {
			ratio = number(*r.Ratio)
		}
		if r.Met != nil {
			met = map[bool]string{true: "yes", false: "no"}[*r.Met]
		}
		cells := []string{r.Figure, r.Unit, r.Original.String(), r.Ours.String(), r.Baseline.String(), ratio, r.Target, met}
		fmt.Fprintln(columns, strings.Join(cells, "\t"))
	}
	return columns.Flush()
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
