package safefile

import (
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestExchange opens, renames and changes names that are exchanged with links, and other names, of files of root all the while.
// covers: SEC-3
func TestExchange(t *testing.T) {
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC
	for name, target := range map[string]string{"home/sub": "/secret/cron", "home/log": "/secret/single", "home/hard": "/secret/cron"} {
		root := tree(t, places+`
			0777 app home/sub2 -> ../secret
			0600 app home/sub/cron text
			0777 app home/log2 -> ../secret/single
			0600 root secret/single text
			0600 app home/hard2 text
		`)
		victim, err := lstat(unix.AT_FDCWD, root+target)
		if err != nil {
			t.Fatal(err)
		}
		path := root + "/" + name
		stop := exchange(path, path+"2")
		if name == "home/sub" {
			path += "/cron"
		}
		opened, refused := 0, 0
		for i := range 6000 {
			open := Open
			if i%2 == 0 {
				open = openStepwise
			}
			fd, info, err := open(path, flags, 0o600, app)
			if err != nil {
				refused++
				continue
			}
			if opened++; info.Same(victim) {
				t.Fatalf("%s: the file of root was opened", name)
			}
			unix.Close(fd)
			if d, base, err := OpenDir(path, app); err == nil {
				if info, err := d.Lstat(base); name == "home/sub" && (err != nil || info.Same(victim)) {
					t.Errorf("the directory of root was opened: %+v, %v", info, err)
				}
				d.Close()
			}
		}
		stop()
		if opened == 0 || refused == 0 {
			t.Errorf("%s: %d opened, %d refused", name, opened, refused)
		}
		if text, err := os.ReadFile(root + target); string(text) != "text" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// exchange exchanges two names until stop is called.
func exchange(a, b string) (stop func()) {
	done := make(chan struct{})
	var exchanger sync.WaitGroup
	exchanger.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_ = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
			}
		}
	})
	return func() {
		close(done)
		exchanger.Wait()
	}
}
