package logs

import (
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// TestInherited finds the descriptor that a path names, and nothing where it names none.
func TestInherited(t *testing.T) {
	var ends [2]int
	if err := unix.Pipe(ends[:]); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[0])
	defer unix.Close(ends[1])
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	w, d := strconv.Itoa(ends[1]), strconv.Itoa(int(dir.Fd()))
	for path, want := range map[string]bool{
		"/dev/fd/" + w: true, "/proc/self/fd/" + w: true, "/dev/stderr": true,
		"/dev/fd/": false, "/dev/fd/x": false, "/dev/fd/-1": false, "/dev/fd/1000000": false, "/proc/self/fd/x": false, "/dev/x": false,
		w: false, "/dev/fd/" + d: false,
	} {
		fd, ok := inherited(path)
		if ok != want {
			t.Errorf("%s: %v", path, ok)
		}
		if ok {
			unix.Close(fd)
		}
	}
	fd, _ := inherited("/dev/fd/" + w)
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte("a")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1)
	if n, err := unix.Read(ends[0], got); n != 1 || err != nil || got[0] != 'a' {
		t.Errorf("%q, %v", got, err)
	}
}
