package metrics

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table in docs/howto-metrics.md")

// table is the generated part of the page.
var table = regexp.MustCompile(`(?s)(<!-- families -->\n).*?(<!-- end of families -->\n)`)

// TestReference compares the table in docs/howto-metrics.md with that of the families. make docs writes it.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "howto-metrics.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !table.Match(page) {
		t.Fatal("the page has no place for the table")
	}
	want := table.ReplaceAllString(string(page), "${1}"+strings.ReplaceAll(reference(), "$", "$$")+"${2}")
	if want == string(page) {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the table: make docs", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func reference() string {
	var b strings.Builder
	b.WriteString("\n| name | type | labels | part | |\n|---|---|---|---|---|\n")
	for _, f := range Families {
		labels := "–"
		if f.Labels != nil {
			labels = "`" + strings.Join(f.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Name, f.Type, labels, f.Part, f.Help)
	}
	b.WriteString("\n")
	return b.String()
}
