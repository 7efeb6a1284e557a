package docs_test

import (
	"fmt"
	"go/build"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const module = "github.com/gosupervisor/supervisor/"

// importsTable is the part of architecture.md that lists the packages: a header, and a row for each package.
var importsTable = regexp.MustCompile(`(?s)(<!-- packages -->\n\n\|[^\n]+\n\|[^\n]+\n)(.*?)(\n<!-- end of packages -->)`)

// TestImports checks the table of packages in architecture.md: a row for each package, whose last column lists its imports from this
// module. `go test ./docs -run TestImports -update` writes both. The text between them is written by hand; that of a new row is the
// first sentence of the package comment.
func TestImports(t *testing.T) {
	page := read(t, "architecture.md")
	part := importsTable.FindStringSubmatch(page)
	if part == nil {
		t.Fatal("architecture.md has no table between <!-- packages --> and <!-- end of packages -->")
	}
	want := strings.Replace(page, part[0], part[1]+importRows(t, part[2])+part[3], 1)
	if *update {
		if err := os.WriteFile("architecture.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		page = want
	}
	if diff := gocmp.Diff(strings.Split(page, "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("architecture.md does not list the packages as they are; `make docs` writes it (-is +should be):\n%s", diff)
	}
}

// importRows returns the rows of the packages that there are, in the order of the given ones, then new ones by name.
func importRows(t *testing.T, rows string) string {
	packages := map[string]*build.Package{}
	for _, tree := range []string{"internal", "supervisord", "supervisorctl"} {
		addPackages(t, packages, tree)
	}
	var b strings.Builder
	add := func(name, text string) {
		var imports []string
		for _, of := range packages[name].Imports {
			if dir, ok := strings.CutPrefix(of, module); ok {
				imports = append(imports, path.Base(dir))
			}
		}
		slices.Sort(imports)
		if imports == nil {
			imports = []string{"–"}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, text, strings.Join(imports, " "))
		delete(packages, name)
	}
	for row := range strings.Lines(rows) {
		cells := strings.Split(row, " | ")
		if name := strings.Trim(cells[0], "|` "); len(cells) == 3 && packages[name] != nil {
			add(name, cells[1])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		text := strings.TrimPrefix(packages[name].Doc, "Package "+packages[name].Name+" ")
		add(name, strings.TrimSuffix(text, "."))
	}
	return b.String()
}

// addPackages adds the packages below a directory of the module, by their path without "internal/". They are read by this
// process and not by the go command, so that a cached result of the test is not used after a change of theirs.
func addPackages(t *testing.T, packages map[string]*build.Package, tree string) {
	linux := build.Default
	linux.GOOS, linux.CgoEnabled = "linux", false
	err := filepath.WalkDir(filepath.Join("..", tree), func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || d.Name() == "testdata" {
			return err
		}
		p, err := linux.ImportDir(dir, 0)
		if _, none := err.(*build.NoGoError); none {
			return nil
		}
		name := strings.TrimPrefix(filepath.ToSlash(dir), "../")
		packages[strings.TrimPrefix(name, "internal/")] = p
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
