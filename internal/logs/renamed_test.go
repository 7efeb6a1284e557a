package logs

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A log that was renamed without a signal is opened again: within a minute while output comes, and with the first output later.
// covers: REP-G8
// differs: DIFF-264 the original writes to the renamed file
func TestRenamed(t *testing.T) {
	const said = "log file x had been renamed without SIGUSR2 and was opened again"
	for name, c := range map[string]struct {
		replace func(t *testing.T, path string) // after path became path.1
		old     string                          // what path.1 has in the end
		new     string                          // what path has
		report  string
	}{
		"not replaced": {func(*testing.T, string) {}, "a", "bc", said},
		"replaced":     {func(t *testing.T, path string) { write(t, path, "new ") }, "a", "new bc", said},
		"link":         {func(t *testing.T, path string) { symlink(t, path+".2", path) }, "a", "bc", said},
		"same file":    {func(t *testing.T, path string) { symlink(t, path+".1", path) }, "abc", "abc", ""},
		"directory": {func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "abc", "", "log file x was renamed and cannot be opened again: is a directory, the renamed file is used until this is fixed"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			f := open(t, path, FileOptions{})
			put := func(text string) (report string) {
				n, condition := f.Write([]byte(text))
				if n != len(text) {
					t.Errorf("wrote %d bytes of %q", n, text)
				}
				if condition != nil {
					report = describe("log file x", condition)
				}
				return report
			}
			if report := put("a"); report != "" {
				t.Error(report)
			}
			if err := os.Rename(path, path+".1"); err != nil {
				t.Fatal(err)
			}
			c.replace(t, path)
			f.checkedAt = time.Time{}
			f.comparedAt -= compareInterval / 2
			if report := put(""); report != "" {
				t.Errorf("before its time: %s", report)
			}
			for i, text := range []string{"b", "c"} {
				f.checkedAt = time.Time{}
				f.comparedAt -= compareInterval
				want := c.report
				if i > 0 {
					want = "" // it is reported once
				}
				if report := put(text); report != want {
					t.Errorf("%d: %q, want %q", i, report, want)
				}
			}
			got, _ := os.ReadFile(path)
			if old, _ := os.ReadFile(path + ".1"); string(old) != c.old || string(got) != c.new {
				t.Errorf("the renamed file has %q, want %q; the log has %q, want %q", old, c.old, got, c.new)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// A file whose number changes, but not its size and time, is the same one.
func TestSameFile(t *testing.T) {
	a := unix.Stat_t{Dev: 1, Ino: 2, Size: 3, Mtim: unix.Timespec{Sec: 4, Nsec: 5}}
	for want, change := range map[bool][]func(*unix.Stat_t){
		true: {func(*unix.Stat_t) {}, func(b *unix.Stat_t) { b.Ino++ }, func(b *unix.Stat_t) { b.Size++; b.Mtim.Sec++ }},
		false: {func(b *unix.Stat_t) { b.Dev++ }, func(b *unix.Stat_t) { b.Ino++; b.Size-- },
			func(b *unix.Stat_t) { b.Ino++; b.Mtim.Nsec++ }},
	} {
		for i, f := range change {
			b := a
			if f(&b); isSame(&a, &b) != want {
				t.Errorf("%d: not %v", i, want)
			}
		}
	}
}
