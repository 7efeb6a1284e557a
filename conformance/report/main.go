// Report prints the ledger as a Markdown table: each row, the scripts and tests that demonstrate it, and their results with our
// programs and with the original. Its input is the output of "go test -json ./conformance" for both.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/conformance"
)

func main() {
	dir := flag.String("dir", "conformance", "the directory of the suite")
	ours := flag.String("ours", "", "results of our programs (go test -json)")
	reference := flag.String("reference", "", "results of the original")
	flag.Parse()
	fmt.Printf("# Conformance\n\nEvery behavior of the original's changelog, the scripts that demonstrate it, and their results on %s: "+
		"ours, supervisord %s, and the original, %s. Made by `make conformance-report`.\n\n",
		time.Now().UTC().Format(time.DateOnly), version("bin/supervisord"), version("/usr/bin/supervisord"))
	if err := run(os.Stdout, *dir, *ours, *reference); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// version returns the version that a supervisord prints.
func version(supervisord string) string {
	out, err := exec.Command(supervisord, "-v").Output()
	if err != nil {
		return "not installed"
	}
	return strings.TrimSpace(string(out))
}

// link returns a link from a page in docs/reports to a script.
func link(script string) string {
	return "[" + script + "](../../conformance/scripts/" + script + ".txtar)"
}

func run(w io.Writer, dir, ours, reference string) error {
	rows, err := conformance.ReadLedger(os.DirFS(dir), conformance.Changelog)
	if err != nil {
		return err
	}
	scripts, err := conformance.ReadScripts(os.DirFS(dir))
	if err != nil {
		return err
	}
	tests, err := conformance.ReadGoCovers(dir + "/..")
	if err != nil {
		return err
	}
	our, err := readResults(ours)
	if err != nil {
		return err
	}
	ref, err := readResults(reference)
	if err != nil {
		return err
	}
	print(w, rows, scripts, tests, our, ref)
	return nil
}

func print(w io.Writer, rows []conformance.Row, scripts []conformance.Script, tests map[string][]string,
	our, ref results) {
	byID := map[string][]string{}
	for _, s := range scripts {
		for _, id := range s.Covers {
			byID[id] = append(byID[id], s.Name)
		}
	}
	var body strings.Builder
	need, covered := 0, 0
	for _, r := range rows {
		if !r.NeedsCover() && byID[r.ID] == nil {
			continue
		}
		var shown []string
		for _, s := range byID[r.ID] {
			shown = append(shown, link(s))
		}
		shown = append(shown, tests[r.ID]...)
		if r.NeedsCover() {
			need++
			if len(shown) > 0 {
				covered++
			}
		}
		fmt.Fprintf(&body, "| %s | %s | %s | %s | %s |\n", r.ID, r.Text, strings.Join(shown, "<br>"),
			our.of(byID[r.ID]), ref.of(byID[r.ID]))
	}
	fmt.Fprintf(w, "%d of %d rows that need a script or test have one. "+
		"%d scripts: ours %s; original %s.\n\n", covered, need, len(scripts), our.summary(scripts), ref.summary(scripts))
	fmt.Fprint(w, "| Row | Behavior | Shown by | Ours | Original |\n|---|---|---|---|---|\n", body.String())
	fmt.Fprint(w, "\n## Scripts without a row\n\n| Script | Behavior | Ours | Original |\n|---|---|---|---|\n")
	for _, s := range scripts {
		if len(s.Covers) == 0 {
			own := []string{s.Name}
			fmt.Fprintf(w, "| %s | %s | %s | %s |\n", link(s.Name), s.Behavior, our.of(own), ref.of(own))
		}
	}
}

// results maps a script's name to its result.
type results map[string]result

// result is pass, fail or skip, and the reason for a skip, or that it passed in a later run only.
type result struct{ what, why string }

// reason matches the output of a script that is skipped, or passed in a later run.
var reason = regexp.MustCompile(`^ +main_test\.go:\d+: (.+?)(?:; before:)?\n$`)

// readResults reads the events of "go test -json". No file means no results.
func readResults(file string) (results, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := results{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var event struct{ Action, Test, Output string }
		if err := json.Unmarshal(in.Bytes(), &event); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		name, ok := strings.CutPrefix(event.Test, "TestScripts/")
		if !ok {
			continue
		}
		seen := r[name]
		switch event.Action {
		case "pass", "fail", "skip":
			seen.what = event.Action
		case "output":
			if m := reason.FindStringSubmatch(event.Output); m != nil {
				seen.why = m[1]
			}
		}
		r[name] = seen
	}
	return r, in.Err()
}

// of returns the worst result of the scripts: fail, not run, skip with its reason, or pass; "-" if there are none.
func (r results) of(scripts []string) string {
	worst := result{what: "-"}
	rank := map[string]int{"-": 0, "pass": 1, "skip": 2, "not run": 3, "fail": 4}
	for _, s := range scripts {
		one := r[s]
		if one.what == "" {
			one.what = "not run"
		}
		if rank[one.what] > rank[worst.what] || one.what == worst.what && worst.why == "" {
			worst = one
		}
	}
	if worst.what == "skip" && worst.why != "" || worst.what == "pass" && strings.HasPrefix(worst.why, "wavered") {
		return worst.what + ": " + worst.why
	}
	return worst.what
}

func (r results) summary(scripts []conformance.Script) string {
	count := map[string]int{}
	for _, s := range scripts {
		what, _, _ := strings.Cut(r.of([]string{s.Name}), ":")
		count[what]++
	}
	var parts []string
	for result, n := range count {
		parts = append(parts, fmt.Sprint(n, " ", result))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}
