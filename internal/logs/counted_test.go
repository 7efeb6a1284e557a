package logs

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/history"
)

// What a log counts goes on over rotations, further files of the channel, and a handover.
func TestCounted(t *testing.T) {
	ownRegistry(t)
	path := filepath.Join(t.TempDir(), "log")
	o := FileOptions{MaxBytes: 10, Backups: 1}
	main, err := OpenMain(MainOptions{Path: os.DevNull, Level: api.Info})
	if err != nil {
		t.Fatal(err)
	}
	defer main.Close()
	target := FileTarget{Process: "p", Main: main}
	open := func(path string) {
		t.Helper()
		if target.File, err = Open(path, o); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want history.Output) {
		t.Helper()
		got, _ := target.Counted()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
	check(history.Output{})
	open(path)
	target.Write([]byte("12345"))
	target.Write([]byte("67890")) // rotates
	check(history.Output{Logged: 10, Rotations: 1})
	target.Write([]byte("a"))
	if rotated, err := target.File.Rotate(); !rotated || err != nil {
		t.Fatal(rotated, err)
	}
	check(history.Output{Logged: 11, Rotations: 2})
	upgradeFiles(t, o, &target.File)
	Begin()
	check(history.Output{Logged: 11, Rotations: 2})
	target.Close()
	check(history.Output{Logged: 11, Rotations: 2})
	open(path)
	for i, next := range []int{syscall.O_RDONLY, syscall.O_WRONLY | syscall.O_APPEND} { // the first cannot be written
		_ = syscall.Close(int(target.File.fd))
		fd, err := syscall.Open(path, next, 0)
		if err != nil || fd != int(target.File.fd) {
			t.Fatal(fd, err)
		}
		if i == 0 {
			target.Write([]byte("bcd"))
			check(history.Output{Logged: 11, Lost: 3, Rotations: 2})
		}
	}
	target.Close()
	open(path)
	target.Write([]byte("e"))
	check(history.Output{Logged: 12, Lost: 3, Rotations: 2})
	target.Close()
}
