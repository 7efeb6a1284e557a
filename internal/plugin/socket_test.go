package plugin

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestExposedDirectory makes the socket where no other user can replace it, if there is such a directory, and removes nothing
// elsewhere.
// covers: SEC-3
func TestExposedDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: a directory of another user")
	}
	const user = 65534
	root, err := os.MkdirTemp("", "p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	home, safe := filepath.Join(root, "home"), filepath.Join(root, "safe")
	if err := errors.Join(os.Mkdir(home, 0o755), os.Mkdir(safe, 0o755), os.Chown(home, user, user)); err != nil {
		t.Fatal(err)
	}
	for want, dirs := range map[string][]string{safe: {home, safe}, home: {home}} {
		s, err := listen(dirs, "x", "id")
		if err != nil {
			t.Fatal(err)
		}
		if got := filepath.Dir(filepath.Dir(s.path)); got != want {
			t.Errorf("%v: %s", dirs, got)
		}
		unix.Close(s.fd)
		Clean(want, "id")
		if _, err := os.Lstat(s.path); (err == nil) != (want == home) {
			t.Errorf("%s: %v", s.path, err)
		}
	}
}
