package conformance

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateCoverage = flag.Bool("update-coverage", false, "write docs/reports/changelog-coverage.md")

const coveragePage = "../docs/reports/changelog-coverage.md"

// TestCoveragePage checks the page that lists, for every row of the changelog, the scripts and tests that demonstrate it, or what
// replaces it here. `make docs` writes it.
func TestCoveragePage(t *testing.T) {
	want := coverage(t)
	if *updateCoverage {
		if err := os.WriteFile(coveragePage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(coveragePage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("%s is not what scripts and tests say; `make docs` writes it (-is +should be):\n%s", coveragePage, diff)
	}
}

func coverage(t *testing.T) string {
	t.Helper()
	_, scripts, tests := readAll(t)
	rows, err := ReadLedger(os.DirFS("."), Changelog)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string][]string{}
	for _, s := range scripts {
		for _, id := range s.Covers {
			shown[id] = append(shown[id], fmt.Sprintf("[%s](../../conformance/scripts/%s.txtar)", s.Name, s.Name))
		}
	}
	for id, files := range tests {
		for _, file := range files {
			shown[id] = append(shown[id], fmt.Sprintf("[%s](../../%s)", file, file))
		}
	}
	instead := readElsewhere(t, rows)
	count := map[string]int{}
	var table strings.Builder
	for _, r := range rows {
		count[r.Class]++
		where := strings.Join(shown[r.ID], ", ")
		if !r.NeedsCover() {
			where = strings.TrimPrefix(where+"; "+instead[r.ID], "; ")
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", r.ID, strings.ReplaceAll(r.Text, "|", `\|`), r.Class, where)
	}
	return fmt.Sprintf("# The changelog, row by row\n\n"+
		"Every entry of the original's changelog from 1.0.2 to 3.0, and the scripts and tests that demonstrate it. Made by `make docs`; a\n"+
		"test keeps it true. %d rows: %d are behaviors and %d interfaces for programs, each demonstrated by scripts or tests; %d\n"+
		"are about packaging and %d were superseded, and the last column says what replaces them.\n\n"+
		"| id | fact | class | demonstrated or replaced by |\n|---|---|---|---|\n%s",
		len(rows), count["behavior"], count["library"], count["packaging"], count["superseded"], table.String())
}

var (
	quoted = regexp.MustCompile("`([^`]+)`")
	rowID  = regexp.MustCompile(`\b\d\.\d[ab]?\d*(?:\.\d)?-\d\d[a-z]?\b`)
)

// readElsewhere reads elsewhere.tsv: what replaces the rows that need no script. It checks that each of these has an entry, and
// that the files, targets and rows that an entry names exist.
func readElsewhere(t *testing.T, rows []Row) map[string]string {
	t.Helper()
	data, err := os.ReadFile("elsewhere.tsv")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]Row{}
	for _, r := range rows {
		known[r.ID] = r
	}
	instead := map[string]string{}
	for line := range strings.Lines(string(data)) {
		id, text, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if r, there := known[id]; !ok || !there || r.NeedsCover() || instead[id] != "" {
			t.Errorf("elsewhere.tsv: %s is unknown, needs a script, or is there twice", id)
		}
		instead[id] = text
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			if target, ok := strings.CutPrefix(m[1], "make "); ok {
				if !strings.Contains(string(makefile), "\n"+target+":") {
					t.Errorf("elsewhere.tsv: %s: there is no %s", id, m[0])
				}
			} else if _, err := os.Stat("../" + m[1]); err != nil {
				t.Errorf("elsewhere.tsv: %s: %v", id, err)
			}
		}
		for _, other := range rowID.FindAllString(text, -1) {
			if _, there := known[other]; !there {
				t.Errorf("elsewhere.tsv: %s: there is no row %s", id, other)
			}
		}
	}
	for _, r := range rows {
		if !r.NeedsCover() && instead[r.ID] == "" {
			t.Errorf("elsewhere.tsv does not say what replaces %s", r.ID)
		}
	}
	return instead
}
