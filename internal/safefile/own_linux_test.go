package safefile

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReplaceMounted writes a mounted file in place, which is what a container has at a path that it shares with its host.
// covers: SEC-12
func TestReplaceMounted(t *testing.T) {
	root := tree(t, places+"0600 root secret/mounted text")
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocks it: the thread ends with its mounts
		if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
			t.Log("cannot mount:", err)
			return
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			t.Error(err)
			return
		}
		for _, file := range []string{"secret/mounted", "home/mine"} {
			if err := unix.Mount(root+"/"+file, root+"/tmp/root", "", unix.MS_BIND, ""); err != nil {
				t.Error(err)
				return
			}
			_, err := Replace(root+"/tmp/root", []byte("data"), 0o644)
			text, _ := os.ReadFile(root + "/" + file)
			if ok := string(text) == "data"; ok != (err == nil) || ok != (file == "secret/mounted") {
				t.Errorf("%s: %q, %v", file, text, err)
			}
		}
	}()
	<-done
}
