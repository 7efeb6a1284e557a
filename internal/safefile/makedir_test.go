package safefile

import (
	"os"
	"strings"
	"testing"
)

// TestMakeDir makes directories where Open would make a file, and none behind a user's link to what is not that user's.
func TestMakeDir(t *testing.T) {
	root := tree(t, places)
	before := descriptors(t)
	defer func() {
		if after := descriptors(t); after != before {
			t.Errorf("%d descriptors are open, before %d", after, before)
		}
	}()
	for path, want := range map[string]string{
		"home/a/b/c/": "", "home/dir/a/b": "leads to " + root + "/secret, which", "home/log/a/b": "not a directory", "srv/current/a/b": "which is not that user's",
	} {
		err := MakeDir(root+"/"+path, app, -1, 12345)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", path, err, want)
		}
		if err != nil {
			continue
		}
		fd, info, err := OpenRead(root+"/"+path, app)
		if err != nil {
			t.Fatal(err)
		}
		_ = os.NewFile(uintptr(fd), path).Close()
		if info.GID != 12345 || info.Mode&0o022 != 0 {
			t.Errorf("%s: group %d, mode %o", path, info.GID, info.Mode)
		}
		if err := MakeDir(root+"/"+path, app, -1, 1); err != nil {
			t.Errorf("%s is there already: %v", path, err)
		}
	}
	if names, err := os.ReadDir(root + "/secret"); err != nil || len(names) > 2 {
		t.Errorf("made in secret: %v (%v)", names, err)
	}
	if err := MakeDir("/", app, -1, -1); err != nil {
		t.Error(err)
	}
}
