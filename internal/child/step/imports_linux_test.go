package step

import (
	"go/build"
	"slices"
	"testing"
)

// imports are the packages that the shim waits for. Of all packages whose imports are initialized, Go initializes the one whose path comes
// first. Most packages import strings, directly or not; one that does, as golang.org/x/sys/unix, waits for nearly all of crypto, too.
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
