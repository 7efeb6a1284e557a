package step

import (
	"go/build"
	"slices"
	"testing"
)

// imports are the packages that the shim waits for. Of all packages that are ready, Go initializes the one whose path comes first. All of
// these are ready before package strings, after which come most others: one that needs it, as golang.org/x/sys/unix does, waits for crypto
// and for other modules, which takes longer than all that the shim does.
var imports = []string{"errors", "math", "math/bits", "os", "slices", "strconv", "syscall", "unsafe"}

func TestImports(t *testing.T) {
	p, err := build.Default.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range p.Imports {
		if !slices.Contains(imports, path) {
			t.Errorf("the shim must wait for package %s", path)
		}
	}
}
