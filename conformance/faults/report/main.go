// Report writes the table of docs/reliability.md: what each case of the suite of faults says, and what was found out about
// the original and about ours. Its input is what the suite appends to the file that FAULTS_RESULTS names.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// result is one case as the suite writes it.
type result struct {
	Case, Says, Skipped string
	Figures, Wrong      []string
}

func main() {
	ours := flag.String("ours", "", "results of ours")
	reference := flag.String("reference", "", "results of the original")
	page := flag.String("page", "docs/reliability.md", "the page with the table")
	flag.Parse()
	if err := run(*ours, *reference, *page); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

const begin, end = "<!-- begin of the table: make reliability -->\n", "<!-- end of the table -->\n"

func run(ours, reference, page string) error {
	order, our, err := read(ours)
	if err != nil {
		return err
	}
	_, ref, err := read(reference)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, found2 := strings.Cut(rest, end)
	if !found || !found2 {
		return errors.New(page + " has no place for the table")
	}
	var b strings.Builder
	b.WriteString(before + begin)
	b.WriteString("| case | what must hold | original | ours |\n|---|---|---|---|\n")
	for _, name := range order {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, our[name].Says, cell(ref, name), cell(our, name))
	}
	b.WriteString(end + after)
	return os.WriteFile(page, []byte(b.String()), 0o644)
}

// read reads results; of a case that was run twice the last one counts.
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

// cell is what is said of one case.
func cell(results map[string]result, name string) string {
	r, ok := results[name]
	switch {
	case !ok:
		return "not run"
	case r.Skipped != "":
		return r.Skipped
	}
	parts := r.Figures
	verdict := "holds"
	if len(r.Wrong) > 0 {
		verdict = "**fails**"
		parts = append(parts, short(r.Wrong[0]))
	}
	return verdict + ": " + clean(strings.Join(parts, "; "))
}

// short is a text without what the daemon said, which is for whoever looks at the run.
func short(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	const most = 160
	if len(first) > most {
		first = first[:most] + "..."
	}
	return first
}

func clean(text string) string { return strings.NewReplacer("|", "\\|", "\n", " ").Replace(text) }
