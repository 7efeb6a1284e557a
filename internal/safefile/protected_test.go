package safefile

import (
	"os"
	"testing"
)

// TestIsProtected shows in which directories no user but root can rename what root has there.
func TestIsProtected(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: directories of other users")
	}
	root := t.TempDir()
	for _, err := range []error{
		os.Mkdir(root+"/a", 0o755), os.MkdirAll(root+"/home/root", 0o755), os.Chown(root+"/home", app, app),
		os.Mkdir(root+"/all", 0o755), os.Chmod(root+"/all", 0o777), os.Mkdir(root+"/group", 0o755), os.Chmod(root+"/group", 0o775),
		os.Mkdir(root+"/sticky", 0o755), os.Chmod(root+"/sticky", 0o777|os.ModeSticky), os.MkdirAll(root+"/sticky/a", 0o755),
		os.MkdirAll(root+"/sticky/his", 0o755), os.Chown(root+"/sticky/his", app, app),
		os.Symlink("a", root+"/link"), os.Symlink(root+"/a/../a", root+"/absolute"), os.Symlink("a", root+"/his"),
		os.Lchown(root+"/his", app, app), os.Symlink("home/back", root+"/over"), os.Symlink(root+"/a", root+"/home/back"),
		os.Symlink("loop", root+"/loop"), os.WriteFile(root+"/file", nil, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]bool{
		"": true, "/a": true, "/a/": true, "/a/../a": true, "/link": true, "/absolute": true, "/sticky": true, "/sticky/a": true,
		"/home": false, "/home/root": false, "/home/../a": false, "/all": false, "/group": false, "/sticky/his": false, "/his": false,
		"/over": false, "/loop": false, "/file": false, "/missing": false,
	} {
		if got := IsProtected(root + dir); got != want {
			t.Errorf("%s: %t", dir, got)
		}
	}
	t.Chdir(root)
	if !IsProtected("a") || !IsProtected(".") || IsProtected("home") {
		t.Error("relative paths")
	}
}
