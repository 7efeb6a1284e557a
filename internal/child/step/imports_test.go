package step

import (
	"go/build"
	"slices"
	"testing"
)

// imports are the packages that the shim needs. Each more costs all starts by the shim what it initializes itself, and what all packages
// initialize that come before it: those that are ready are initialized in the order of their paths, so that, for example, one that needs
// path/filepath comes behind all of crypto and of other modules.
var imports = []string{"bytes", "encoding/binary", "errors", "fmt", "golang.org/x/sys/unix", "io", "math", "math/bits", "os", "slices", "strconv",
	"strings", "syscall", "unsafe"}

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
