package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/conformance"
)

// runner runs scripts and keeps their results.
type runner struct {
	suite    *conformance.Suite
	parallel int // how many scripts run at once
	verbose  bool
	rows     map[string]string // texts of the rows of the ledgers, by id

	scripts []conformance.Script
	results []outcome // of the scripts, in their order

	mu       sync.Mutex // for the rest
	ended    int
	failed   int
	shown    map[string]bool // ids of failed rows that were shown
	progress io.Writer
}

// outcome is the result of a script.
type outcome struct {
	script conformance.Script
	conformance.Outcome
}

func newRunner(suite *conformance.Suite, parallel int, verbose bool) (*runner, error) {
	if parallel < 1 {
		parallel = suite.Parallelism()
	}
	r := &runner{suite: suite, parallel: parallel, verbose: verbose, rows: map[string]string{}, shown: map[string]bool{}}
	for _, ledger := range []string{conformance.Changelog, conformance.Beyond} {
		rows, err := conformance.ReadLedger(conformance.Files, ledger)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			r.rows[row.ID] = row.Text
		}
	}
	return r, nil
}

// run runs the scripts and reports each when it ends.
func (r *runner) run(scripts []conformance.Script, progress io.Writer) {
	r.scripts, r.results, r.progress = scripts, make([]outcome, len(scripts)), progress
	next := make(chan int)
	var running sync.WaitGroup
	for range r.parallel {
		running.Go(func() {
			for i := range next {
				file := filepath.Join(r.suite.Dir, "scripts", filepath.FromSlash(scripts[i].Name)+".txtar")
				r.results[i] = outcome{scripts[i], r.suite.Try(file, r.verbose)}
				r.report(r.results[i])
			}
		})
	}
	for i := range scripts {
		next <- i
	}
	close(next)
	running.Wait()
	r.summarize()
}

// report shows the result of a script and, the first time that they fail, the texts of its rows.
func (r *runner) report(o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended++
	word := "ok"
	switch {
	case o.Failed:
		word = "FAIL"
		r.failed++
	case o.Skipped:
		word = "skip"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-4s  %s (%.1fs) [%d of %d, %d failed]\n", word, o.script.Name, o.Took.Seconds(), r.ended, len(r.scripts), r.failed)
	if n := len(o.Wavered); n > 0 {
		fmt.Fprintf(&b, "      wavered: passed in run %d; before:\n%s", n+1, indent(o.Wavered[n-1], "      "))
	}
	if o.Failed || r.verbose {
		b.WriteString(indent(o.Log, "      "))
	}
	if o.Skipped {
		b.WriteString(indent(o.Reason, "      "))
	}
	if o.Failed {
		fmt.Fprintf(&b, "      should be: %s\n", o.script.Behavior)
		for _, id := range o.script.Covers {
			if !r.shown[id] {
				r.shown[id] = true
				fmt.Fprintf(&b, "      row %s: %s\n", id, r.rows[id])
			}
		}
	}
	fmt.Fprint(r.progress, b.String())
}

// summarize shows which rows fail, in how many of their scripts, and what wavered.
func (r *runner) summarize() {
	type count struct{ failed, all int }
	rows := map[string]*count{}
	var failing, wavered []string
	r.each(func(o outcome) {
		if len(o.Wavered) > 0 {
			wavered = append(wavered, o.script.Name)
		}
		for _, id := range o.script.Covers {
			if rows[id] == nil {
				rows[id] = &count{}
			}
			rows[id].all++
			if o.Failed {
				rows[id].failed++
				failing = append(failing, id)
			}
		}
	})
	slices.Sort(failing)
	failing = slices.Compact(failing)
	fmt.Fprintf(r.progress, "rows: %d of %d fail\n", len(failing), len(rows))
	for _, id := range failing {
		fmt.Fprintf(r.progress, "      %s (%d of %d scripts): %s\n", id, rows[id].failed, rows[id].all, r.rows[id])
	}
	if len(wavered) > 0 {
		fmt.Fprintln(r.progress, "wavered:", strings.Join(wavered, " "))
	}
}

// each calls f with the outcomes in the order of the scripts.
func (r *runner) each(f func(outcome)) {
	for _, o := range r.results {
		f(o)
	}
}

func (r *runner) count() (passed, failed, skipped int) {
	r.each(func(o outcome) {
		switch {
		case o.Failed:
			failed++
		case o.Skipped:
			skipped++
		default:
			passed++
		}
	})
	return passed, failed, skipped
}

// indent puts margin before each line.
func indent(text, margin string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(margin + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}
