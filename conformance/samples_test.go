package conformance

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestSamples checks that the example that users copy is the one that a script runs.
func TestSamples(t *testing.T) {
	archive, err := txtar.ParseFile("scripts/plugins/python.txtar")
	if err != nil {
		t.Fatal(err)
	}
	sample, err := os.ReadFile("../docs/examples/greeting.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		if f.Name == "greeting.py" {
			if diff := cmp.Diff(string(sample), string(f.Data)); diff != "" {
				t.Errorf("docs/examples/greeting.py (-) and python.txtar (+):\n%s", diff)
			}
			return
		}
	}
	t.Error("python.txtar has no greeting.py")
}
