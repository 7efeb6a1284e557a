package docs_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/conformance"
	"github.com/gosupervisor/supervisor/internal/budget"
)

// budgetsTable is the part of security.md that lists the budgets.
var budgetsTable = regexp.MustCompile(`(?s)(<!-- budgets: make docs -->\n)(.*?)(<!-- end of budgets -->)`)

// TestBudgets checks the table of limits in security.md. `go test ./docs -run TestBudgets -update` writes it.
func TestBudgets(t *testing.T) {
	page := read(t, "security.md")
	part := budgetsTable.FindStringSubmatch(page)
	if part == nil {
		t.Fatal("security.md has no table of budgets")
	}
	var rows strings.Builder
	rows.WriteString("\n| what | limit | of | beyond it |\n|---|---|---|---|\n")
	for _, b := range budget.All() {
		fmt.Fprintf(&rows, "| %s | %s | %s | %s |\n", b.Name, amount(b), b.Scope, b.Beyond)
	}
	want := strings.Replace(page, part[0], part[1]+rows.String()+"\n"+part[3], 1)
	if *update {
		if err := os.WriteFile("security.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		page = want
	}
	if diff := gocmp.Diff(strings.Split(page, "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("security.md does not list the budgets as they are; `make docs` writes it (-is +should be):\n%s", diff)
	}
}

// amount is the limit of a budget with its unit: 64 MiB, 512 connections.
func amount(b *budget.Budget) string {
	n, unit := b.Limit, b.Unit
	if unit == "bytes" {
		for _, larger := range []string{"KiB", "MiB"} {
			if n >= 1024 && n%1024 == 0 {
				n, unit = n/1024, larger
			}
		}
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// TestAttacks checks that the table of attacks in security.md has each attack of the ledger, and that its last column lists the scripts
// and test files that cover it. `go test ./docs -run TestAttacks -update` writes that column.
func TestAttacks(t *testing.T) {
	rows, err := conformance.ReadLedger(os.DirFS("../conformance"), conformance.Beyond)
	if err != nil {
		t.Fatal(err)
	}
	tests := coverage(t)
	page := read(t, "security.md")
	listed := map[string]bool{}
	var want strings.Builder
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		id := strings.TrimSpace(cells[0])
		if !strings.HasPrefix(id, "SEC-") {
			want.WriteString(line)
			continue
		}
		listed[id] = true
		if len(cells) != 5 {
			t.Fatalf("security.md: the row of %s has %d cells, not 5", id, len(cells))
		}
		if tests[id] == nil {
			t.Errorf("no script and no test covers %s", id)
		}
		fmt.Fprintf(&want, "| %s | %s |\n", strings.Join(append([]string{id}, cells[1:4]...), " | "), strings.Join(tests[id], ", "))
	}
	for _, r := range rows {
		if strings.HasPrefix(r.ID, "SEC-") && !listed[r.ID] {
			t.Errorf("security.md does not list %s: %s", r.ID, r.Text)
		}
	}
	if *update {
		if err := os.WriteFile("security.md", []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		page = want.String()
	}
	if diff := gocmp.Diff(strings.Split(page, "\n"), strings.Split(want.String(), "\n")); diff != "" {
		t.Errorf("security.md does not list the tests of the attacks as they are; `make docs` writes them (-is +should be):\n%s", diff)
	}
}

// coverage returns, by id of a ledger, the scripts and files of Go tests that cover it, each once, in order.
func coverage(t *testing.T) map[string][]string {
	t.Helper()
	scripts, err := conformance.ReadScripts(os.DirFS("../conformance"))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := conformance.ReadGoCovers("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		for _, id := range s.Covers {
			tests[id] = append(tests[id], s.Name)
		}
	}
	for id := range tests {
		slices.Sort(tests[id])
		tests[id] = slices.Compact(tests[id])
	}
	return tests
}
