package conformance

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readAll reads the rows, the scripts, and the Go tests that cover each row.
func readAll(t *testing.T) (rows []Row, scripts []Script, tests map[string][]string) {
	t.Helper()
	for _, file := range []string{Changelog, Beyond} {
		more, err := ReadLedger(os.DirFS("."), file)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, more...)
	}
	var err error
	if scripts, err = ReadScripts(os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	if tests, err = ReadGoCovers(".."); err != nil {
		t.Fatal(err)
	}
	return rows, scripts, tests
}

// TestLedger checks that the scripts and Go tests cover every row of the ledgers that needs it, and name no other.
func TestLedger(t *testing.T) {
	rows, scripts, covered := readAll(t)
	for _, s := range scripts {
		checkHead(t, s)
		for _, id := range s.Covers {
			covered[id] = append(covered[id], s.Name)
		}
	}
	byID := map[string]Row{}
	for _, r := range rows {
		if _, twice := byID[r.ID]; twice {
			t.Errorf("the ledgers have %s twice", r.ID)
		}
		byID[r.ID] = r
	}
	for id, where := range covered {
		if _, ok := byID[id]; !ok {
			t.Errorf("%v cover %s, which no ledger has", where, id)
		}
	}
	for _, r := range rows {
		if r.NeedsCover() && covered[r.ID] == nil {
			t.Errorf("no script and no test covers %s", r.ID)
		}
	}
}

func checkHead(t *testing.T, s Script) {
	if len(strings.Fields(s.Behavior)) < 3 || strings.Contains(s.Behavior, "covers:") {
		t.Errorf("%s: the first line does not say the behavior", s.Name)
	}
	if s.Commands == 0 || s.Commands > 30 {
		t.Errorf("%s: %d commands; a script of more than 30 shows more than one behavior", s.Name, s.Commands)
	}
	if len(s.Covers)+len(s.Differs)+len(s.Sources) == 0 {
		t.Errorf("%s: names no ledger row, no difference and no other source", s.Name)
	}
	seen := map[string]bool{}
	for _, id := range s.Covers {
		if seen[id] {
			t.Errorf("%s: covers %s twice", s.Name, id)
		}
		seen[id] = true
	}
}

var differenceID = regexp.MustCompile(`^(DIFF|N)-\d+$`)

// TestDiffers checks that the page of differences agrees with the scripts and Go tests that demonstrate them: a test names
// differences by ids of the page, and every difference is named by a test.
func TestDiffers(t *testing.T) {
	rows, err := ReadDifferences("../docs/differences.md")
	if err != nil || len(rows) == 0 {
		t.Fatalf("no rows: %v", err)
	}
	named, onPage := differs(t), map[string]bool{}
	for _, row := range rows {
		for _, id := range row.IDs {
			switch {
			case !differenceID.MatchString(id) || onPage[id]:
				t.Errorf("docs/differences.md: %q is not an id, or there twice: %s", id, row.Text)
			case named[id] == nil:
				t.Errorf("no script and no Go test demonstrates %s of docs/differences.md: %s", id, row.Text)
			}
			onPage[id] = true
		}
	}
	for id, where := range named {
		if !onPage[id] {
			t.Errorf("%v: docs/differences.md has no row %q", where, id)
		}
	}
}

// differs returns the ids of the differences that scripts and Go tests name, with the names of these.
func differs(t *testing.T) map[string][]string {
	t.Helper()
	reasons, err := ReadGoDiffers("..")
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := ReadScripts(os.DirFS("."))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, s := range scripts {
		for _, reason := range s.Differs {
			reasons[reason] = append(reasons[reason], s.Name)
		}
	}
	ids := map[string][]string{}
	for reason, where := range reasons {
		id, _, _ := strings.Cut(reason, " ")
		ids[id] = append(ids[id], where...)
	}
	return ids
}

// endsEarly matches a line of a script that skips or stops it, and the reason.
var endsEarly = regexp.MustCompile(`(?m)^(?:\[[^\]]*\] *)*(?:skip|stop)\b *(.*)$`)

// TestEndsEarly checks that each skip and stop of a script says why, in the line.
func TestEndsEarly(t *testing.T) {
	files, err := filepath.Glob("scripts/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		commands, _, _ := strings.Cut(string(text), "\n-- ")
		for _, m := range endsEarly.FindAllStringSubmatch(commands, -1) {
			if len(m[1]) < len("'why'") {
				t.Errorf("%s: %q has no reason", file, m[0])
			}
		}
	}
}
