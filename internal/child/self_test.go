package child

import (
	"os"
	"path/filepath"
	"testing"
)

// covers: REP-F6
func TestByName(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for path, mode := range map[string]os.FileMode{"a/prog": 0o600, "b/prog": 0o700} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", "/nonexistent:a:b")
	for name, want := range map[string]string{"prog": dir + "/b/prog", "a/prog": dir + "/a/prog", "/x/prog": "/x/prog",
		"../prog": filepath.Dir(dir) + "/prog", "none": dir + "/none"} {
		if got := ByName(name); got != want {
			t.Errorf("ByName(%q) = %q, want %q", name, got, want)
		}
	}
}
