// Report writes docs/reports/reliability.md: for each case of the suite of faults its requirement, and the results of the
// original and of ours. Its input is what the suite appends to the file that FAULTS_RESULTS names.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

// result is a case in the format of the suite.
type result struct {
	Case, Says, Skipped string
	Figures, Wrong      []string
}

func main() {
	ours := flag.String("ours", "", "results of ours")
	reference := flag.String("reference", "", "results of the original")
	page := flag.String("page", "docs/reports/reliability.md", "the page to write")
	flag.Parse()
	if err := run(*ours, *reference, *page); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

const head = `# Reliability: results

Results of %s, written by ` + "`make reliability`" + `. [Reliability](../reliability.md) explains the cases. Times are those of one run on
one machine with two processors that other work shared, so they show an order of magnitude. The original is given fewer
restarts, reloads and signals where as many would take hours; the figures name the number.

| case | requirement | original | ours |
|---|---|---|---|
`

func run(ours, reference, page string) error {
	order, our, err := read(ours)
	if err != nil {
		return err
	}
	_, ref, err := read(reference)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, head, time.Now().UTC().Format(time.DateOnly))
	for _, name := range order {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, our[name].Says, cell(ref, name), cell(our, name))
	}
	return os.WriteFile(page, []byte(b.String()), 0o644)
}

// read reads results. Of repeated cases the last one counts.
func read(path string) (order []string, results map[string]result, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	results = map[string]result{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, nil, err
		}
		if _, again := results[r.Case]; !again {
			order = append(order, r.Case)
		}
		results[r.Case] = r
	}
	return order, results, lines.Err()
}

// cell returns the result of a case.
func cell(results map[string]result, name string) string {
	r, ok := results[name]
	switch {
	case !ok:
		return "not run"
	case r.Skipped != "":
		return r.Skipped
	}
	parts := r.Figures
	verdict := "passes"
	if len(r.Wrong) > 0 {
		verdict = "**fails**"
		parts = append(parts, short(r.Wrong[0]))
	}
	return verdict + ": " + clean(strings.Join(parts, "; "))
}

// short returns the first line of a text, without the daemon's output after it.
func short(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	const most = 160
	if len(first) > most {
		first = first[:most] + "..."
	}
	return first
}

func clean(text string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(text) }
