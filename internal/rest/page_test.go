package rest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of routes in docs/api.md")

var routesTable = regexp.MustCompile(`(?s)<!-- routes -->\n.*<!-- end of routes -->`)

// TestPage compares the table of routes in docs/api.md with that of the program.
func TestPage(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "api.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !routesTable.Match(text) {
		t.Fatal("the page has no place for the table")
	}
	want := routesTable.ReplaceAllLiteralString(string(text), "<!-- routes -->\n\n"+routesPage()+"\n<!-- end of routes -->")
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("docs/api.md differs from the table of routes: make docs")
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// routesPage is the table of routes as Markdown.
func routesPage() string {
	var b strings.Builder
	b.WriteString("| route | least role | |\n|---|---|---|\n")
	names := strings.NewReplacer("{group}", "G", "{name}", "N", "{channel}", "stdout")
	for i := range routes {
		r := &routes[i]
		role := r.role.String()
		if r.daemon {
			role += ", all programs"
		}
		help := r.help
		var params []string
		for _, p := range r.params {
			params = append(params, fmt.Sprintf("`%s`: %s", p.name, p.help))
		}
		if params != nil {
			help += " " + strings.Join(params, "; ") + "."
		}
		fmt.Fprintf(&b, "| %s `%s` | %s | %s |\n", r.method, names.Replace(r.path), role, help)
	}
	return b.String()
}
