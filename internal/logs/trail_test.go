package logs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

func openTrail(t *testing.T, path string, o FileOptions) *Trail {
	t.Helper()
	trail, err := OpenTrail(TrailOptions{What: "audit log", Path: path, File: o}, NewMain(os.Stderr, api.Info))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trail.Close)
	return trail
}

// TestLast reads the last records of a log that has been rotated.
func TestLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	trail := openTrail(t, path, FileOptions{MaxBytes: 30, Backups: 3})
	var want []string
	for i := range 20 { // three records a file
		line := fmt.Sprintf("record %03d", i)
		trail.Write([]byte(line + "\n"))
		want = append(want, line)
	}
	last := func(n int) (got []string) {
		lines, err := trail.Last(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			got = append(got, string(line))
		}
		return got
	}
	for _, n := range []int{0, 1, 2, 3, 7, 11} {
		if diff := cmp.Diff(want[20-n:], append([]string{}, last(n)...)); diff != "" {
			t.Errorf("the last %d: %s", n, diff)
		}
	}
	if got := last(100); len(got) != 11 {
		t.Errorf("there are %d records in the files that are left", len(got))
	}
	if err := os.Rename(path+".1", path+".1.gz"); err != nil { // what is compressed is not read
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[18:], last(100)); diff != "" {
		t.Error(diff)
	}
}

// TestLastOfLargeFile checks that no part of a record is one.
func TestLastOfLargeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	trail := openTrail(t, path, FileOptions{})
	line := strings.Repeat("x", 9999) + "\n"
	for range 2 * lastBytes / len(line) {
		trail.Write([]byte(line))
	}
	lines, err := trail.Last(1000)
	if err != nil || len(lines) != lastBytes/len(line) {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	for _, l := range lines {
		if len(l) != len(line)-1 {
			t.Fatalf("a line of %d bytes", len(l))
		}
	}
}

// TestTrailFile checks the mode of the file, also of one that exists, and that it is opened again.
func TestTrailFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	trail := openTrail(t, path, FileOptions{Access: &Access{Mode: 0o600, Exact: true, UID: -1, GID: -1}})
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	trail.Write([]byte("one\n"))
	trail.Reopen()
	trail.Write([]byte("two\n"))
	for name, want := range map[string]string{path: "two\n", path + ".moved": "before\none\n"} {
		text, err := os.ReadFile(name)
		info, _ := os.Stat(name)
		if err != nil || string(text) != want || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has %q, %v, %v", name, text, info.Mode(), err)
		}
	}
	trail.Close()
	trail.Write([]byte("three\n"))
	if text, _ := os.ReadFile(path); string(text) != "two\n" {
		t.Errorf("%q", text)
	}
}
