package logs

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTornRecord writes records of which only a part fits: the rest is lost, and the next one begins a line.
func TestTornRecord(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	f, err := Open(filepath.Join(t.TempDir(), "x"), FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 10, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	n, failure := f.WriteRecords([]byte("aaaaaa\nbbbbbb\ncc\n"))
	again, _ := f.WriteRecords([]byte("dd\n"))
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if n != 10 || again != 0 || !errors.Is(failure, syscall.EFBIG) {
		t.Errorf("%d and %d bytes, %v", n, again, failure)
	}
	f.WriteRecords([]byte("e\n"))
	f.WriteRecords([]byte("f\n"))
	if text, _ := os.ReadFile(f.Path()); string(text) != "aaaaaa\nbbb\ne\nf\n" {
		t.Errorf("%q", text)
	}
}

// TestRecordsAreNotParted rotates before or after what is written at once.
func TestRecordsAreNotParted(t *testing.T) {
	f, err := Open(filepath.Join(t.TempDir(), "x"), FileOptions{MaxBytes: 5, Backups: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	long := string(make([]byte, 3*piece)) + "\n"
	f.WriteRecords([]byte("a\n"))
	if room := f.Room(); room != 3 {
		t.Errorf("room for %d bytes", room)
	}
	f.WriteRecords([]byte(long))
	if text, _ := os.ReadFile(f.Path() + ".1"); string(text) != "a\n"+long {
		t.Errorf("%d bytes", len(text))
	}
}
