package logs

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

// contents maps the names in dir to what the files hold.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(b)
	}
	return got
}

func open(t *testing.T, path string, o FileOptions) *File {
	t.Helper()
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func put(t *testing.T, f *File, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if n, err := f.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", s, n, err)
		}
	}
}

func TestRotation(t *testing.T) {
	five := []string{"11111", "22222", "33333", "44444", "5"}
	for _, c := range []struct {
		name   string
		o      FileOptions
		before map[string]string
		writes []string
		want   map[string]string
	}{
		{"never", FileOptions{}, nil, five, map[string]string{"a": "1111122222333334444" + "45"}},
		{"negative is never", FileOptions{MaxBytes: -1}, nil, five, map[string]string{"a": "111112222233333444445"}},
		{"the limit itself rotates", FileOptions{MaxBytes: 5, Backups: 3}, nil, five,
			map[string]string{"a": "5", "a.1": "44444", "a.2": "33333", "a.3": "22222"}},
		{"a file exceeds the limit by its last write", FileOptions{MaxBytes: 6, Backups: 1}, nil, five,
			map[string]string{"a": "5", "a.1": "3333344444"}},
		{"no backups empties", FileOptions{MaxBytes: 6}, nil, five, map[string]string{"a": "5"}},
		{"what was there counts", FileOptions{MaxBytes: 6, Backups: 2}, map[string]string{"a": "old"}, five[:1],
			map[string]string{"a": "", "a.1": "old11111"}},
		{"gaps stay gaps", FileOptions{MaxBytes: 5, Backups: 4}, map[string]string{"a.2": "two", "a.4": "four"}, five[:1],
			map[string]string{"a": "", "a.1": "11111", "a.3": "two", "a.4": "four"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, s := range c.before {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			put(t, open(t, filepath.Join(dir, "a"), c.o), c.writes...)
			if d := cmp.Diff(c.want, contents(t, dir)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestLargeWriteRotatesInPieces(t *testing.T) {
	dir := t.TempDir()
	f := open(t, filepath.Join(dir, "a"), FileOptions{MaxBytes: 1000, Backups: 9})
	data := bytes.Repeat([]byte("x"), 2*piece+10)
	put(t, f, string(data))
	got := contents(t, dir)
	if len(got["a"]) != 10 || len(got["a.1"]) != piece || len(got["a.2"]) != piece || len(got) != 3 {
		t.Errorf("%d files, sizes %d %d %d", len(got), len(got["a"]), len(got["a.1"]), len(got["a.2"]))
	}
}

func TestRotationWithMissingFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f := open(t, path, FileOptions{MaxBytes: 5, Backups: 2})
	put(t, f, "11111")
	os.Remove(path)
	os.Remove(path + ".1")
	put(t, f, "22222", "3")
	if d := cmp.Diff(map[string]string{"a": "3"}, contents(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestRotationAfterOutsideTruncation(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f := open(t, path, FileOptions{MaxBytes: 10, Backups: 2})
	put(t, f, "12345678")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	put(t, f, "abc")
	if d := cmp.Diff(map[string]string{"a": "abc"}, contents(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestRotationInRemovedDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f := open(t, filepath.Join(dir, "a"), FileOptions{MaxBytes: 3, Backups: 1})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("1234")); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("first failed rotation: %v, want ENOENT", err)
	}
	if n, err := f.Write([]byte("1234")); n != 4 || err != nil {
		t.Errorf("second failed rotation: %d, %v, want it silent", n, err)
	}
	if err := f.Reopen(); err != syscall.ENOENT {
		t.Errorf("Reopen: %v", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, f, "1234", "z")
	if d := cmp.Diff(map[string]string{"a": "z"}, contents(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestAutoModeSurvives(t *testing.T) {
	dir := t.TempDir()
	path, err := CreateAuto(dir, "p", api.Stdout, "id")
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, path, FileOptions{MaxBytes: 2, Backups: 1, Mode: AutoMode})
	check := func(what string) {
		t.Helper()
		for name := range contents(t, dir) {
			if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode() != 0o600 {
				t.Errorf("%s: %s has mode %v, %v", what, name, st.Mode(), err)
			}
		}
	}
	put(t, f, "12", "3")
	check("rotated")
	if err := f.Clear(); err != nil {
		t.Fatal(err)
	}
	check("cleared")
	f.Close()
	if err := Clear(Source{Path: path}); err != nil {
		t.Fatal(err)
	}
	check("cleared while closed")
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f := open(t, path, FileOptions{})
	put(t, f, "old")
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	put(t, f, "er")
	if err := f.Reopen(); err != nil {
		t.Fatal(err)
	}
	put(t, f, "new")
	if d := cmp.Diff(map[string]string{"a": "new", "a.moved": "older"}, contents(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestClear(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f := open(t, path, FileOptions{MaxBytes: 3, Backups: 1})
	put(t, f, "123", "4")
	if err := f.Clear(); err != nil {
		t.Fatal(err)
	}
	put(t, f, "5")
	if d := cmp.Diff(map[string]string{"a": "5", "a.1": "123"}, contents(t, dir)); d != "" {
		t.Error(d)
	}
	os.Remove(path)
	if err := f.Clear(); err != nil {
		t.Errorf("clearing a removed file: %v", err)
	}
	if got := contents(t, dir)["a"]; got != "" {
		t.Errorf("after Clear: %q", got)
	}
	if err := Clear(Source{Path: filepath.Join(dir, "none")}); err != nil {
		t.Errorf("clearing a missing file: %v", err)
	}
	if _, there := contents(t, dir)["none"]; there {
		t.Error("clearing a missing file created it")
	}
}

func TestClearLeavesLinksAndDevices(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, "/dev/null"} {
		if err := open(t, path, FileOptions{}).Clear(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if err := Clear(Source{Path: path}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if d := cmp.Diff(map[string]string{"target": "kept", "link": "kept"}, contents(t, dir)); d != "" {
		t.Error(d)
	}
	if st, err := os.Lstat("/dev/null"); err != nil || st.Mode()&fs.ModeCharDevice == 0 {
		t.Errorf("/dev/null is %v, %v", st.Mode(), err)
	}
}

func TestPipeNeitherRotatesNorFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, FileOptions{}); err != syscall.ENXIO {
		t.Errorf("without a reader: %v, want ENXIO", err)
	}
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, path, FileOptions{MaxBytes: 1, Backups: 1})
	if f.plain {
		t.Error("a pipe is taken for a plain file")
	}
	data := strings.Repeat("0123456789", 100_000) // more than a pipe holds
	var wg sync.WaitGroup
	wg.Go(func() {
		if n, err := f.Write([]byte(data)); n != len(data) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		f.Close()
	})
	var got bytes.Buffer
	if _, err := got.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if got.String() != data {
		t.Errorf("got %d bytes of %d", got.Len(), len(data))
	}
	if _, err := os.Lstat(path + ".1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the pipe was rotated: %v", err)
	}
}

func TestFullDiskIsReportedOnce(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	f := open(t, "/dev/full", FileOptions{MaxBytes: 100, Backups: 1})
	if n, err := f.Write([]byte("123")); n != 0 || err != syscall.ENOSPC {
		t.Errorf("first: %d, %v", n, err)
	}
	if n, err := f.Write([]byte("45")); n != 0 || err != nil {
		t.Errorf("second: %d, %v", n, err)
	}
	if f.lost != 5 {
		t.Errorf("lost %d", f.lost)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]error{dir: syscall.EISDIR, dir + "/no/x": syscall.ENOENT} {
		if _, err := Open(path, FileOptions{}); err != want {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

func TestClosedFileTakesEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	f := open(t, path, FileOptions{MaxBytes: 1})
	f.Close()
	f.Close()
	if n, err := f.Write([]byte("x")); n != 0 || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	if err := errors.Join(f.Reopen(), f.Clear()); err != nil {
		t.Error(err)
	}
}

func TestConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	f := open(t, filepath.Join(dir, "a"), FileOptions{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				if _, err := f.Write([]byte("line\n")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 100 {
			if err := f.Reopen(); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if got := contents(t, dir)["a"]; got != strings.Repeat("line\n", 2000) {
		t.Errorf("%d bytes", len(got))
	}
}

func TestWriteDoesNotAllocate(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "a"), FileOptions{MaxBytes: 1 << 40, Backups: 2})
	line := []byte("a line of output\n")
	if n := testing.AllocsPerRun(100, func() { f.Write(line) }); n != 0 {
		t.Errorf("%v allocations a write", n)
	}
}
