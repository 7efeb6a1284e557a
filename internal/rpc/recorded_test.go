package rpc

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// TestRecorded compares the methods that make record has called, and the list that it got, with the table: a method that was added since then
// is missing.
func TestRecorded(t *testing.T) {
	called := map[string]bool{}
	var listed []string
	for _, name := range []string{"ours", "own"} {
		archive, err := txtar.ParseFile(filepath.Join("..", "..", "fixtures", "rpc", name+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			fields := strings.Fields(f.Name) // number, method, request or response
			called[fields[1]] = true
			if fields[1] == "system.listMethods" && fields[2] == "response" {
				value, _, err := xmlrpc.ParseResponse(f.Data)
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range value.Items {
					listed = append(listed, name.Text)
				}
			}
		}
	}
	want := slices.Collect(maps.Keys(aliases))
	for _, m := range table {
		want = append(want, m.Name)
	}
	for _, name := range want {
		if !called[name] {
			t.Errorf("%s is not recorded: add it to conformance/record", name)
		}
	}
	slices.Sort(want)
	slices.Sort(listed)
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("the recorded list of methods: make record writes it anew (-table +recorded):\n%s", diff)
	}
}
