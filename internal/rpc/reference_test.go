package rpc

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/api"
)

var update = flag.Bool("update", false, "write docs/xmlrpc.md")

// generatedFrom is the line of docs/xmlrpc.md below which everything is made from the table. make docs writes it.
const generatedFrom = "<!-- What follows is generated from the table of methods: make docs -->\n"

// TestReference holds the manual of the interface against the table.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "xmlrpc.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	byHand, _, found := strings.Cut(string(text), generatedFrom)
	if !found {
		t.Fatalf("%s has no line %q", path, generatedFrom)
	}
	want := byHand + generatedFrom + reference()
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s says something else than the table of methods: make docs", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reference is what the table says, as Markdown.
func reference() string {
	var b strings.Builder
	b.WriteString("\n## Faults\n\n| code | name | |\n|---|---|---|\n")
	for _, f := range api.Faults {
		fmt.Fprintf(&b, "| %d | `%s` | %s |\n", f.Code, f.Name, f.Help)
	}
	b.WriteString("\n## Structs\n\nOf a process, which `getProcessInfo` and `getAllProcessInfo` return:\n")
	describeMembers(&b, api.ProcessMembers[:])
	b.WriteString("\nOf the outcome for a process, which methods that act on several processes return:\n")
	describeMembers(&b, api.StatusMembers[:])
	space := ""
	for _, m := range table {
		if s, _, _ := strings.Cut(m.Name, "."); s != space {
			space = s
			fmt.Fprintf(&b, "\n## Methods of `%s`\n", s)
		}
		m.describe(&b)
	}
	return b.String()
}

// TestReferenceFaults shows that the manual names each fault that there is, and no other.
func TestReferenceFaults(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "xmlrpc.md"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range regexp.MustCompile("(?m)^\\| (\\d+) \\| `(\\w+)` \\|").FindAllStringSubmatch(string(text), -1) {
		got = append(got, row[1]+" "+row[2])
	}
	var want []string
	for _, f := range api.Faults {
		want = append(want, fmt.Sprint(f.Code, " ", f.Name))
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/xmlrpc.md lists the faults\n%q, not\n%q", got, want)
	}
}

func describeMembers[T any](b *strings.Builder, members []api.Member[T]) {
	b.WriteString("\n| member | type | |\n|---|---|---|\n")
	for _, m := range members {
		typ := "int"
		if m.Text != nil {
			typ = "string"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", m.Name, typ, m.Help)
	}
}

func (m *Method) describe(b *strings.Builder) {
	var params []string
	for _, p := range m.Params {
		text := p.Name
		if p.Optional {
			text += "=true"
		}
		params = append(params, text)
	}
	fmt.Fprintf(b, "\n### %s(%s)\n\n%s\n", m.Name, strings.Join(params, ", "), m.Help)
	typ, meaning, _ := strings.Cut(m.Result, " ")
	b.WriteString("\n| | type | |\n|---|---|---|\n")
	for _, p := range m.Params {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", p.Name, cmp.Or(map[string]string{"signal": "string or int"}[p.Type], p.Type), p.Help)
	}
	fmt.Fprintf(b, "| returns | %s | %s |\n", typ, meaning)
	for _, alias := range slices.Sorted(maps.Keys(aliases)) {
		if aliases[alias] == m.Name {
			fmt.Fprintf(b, "\nOlder name: `%s`.\n", alias)
		}
	}
}
