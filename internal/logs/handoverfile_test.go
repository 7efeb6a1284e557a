package logs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// upgradeFiles is upgrade of files, in place of which there are others then.
func upgradeFiles(t *testing.T, o FileOptions, files ...**File) {
	t.Helper()
	upgrade(t, func(w *handover.Writer) (s []*FileState) {
		for _, f := range files {
			s = append(s, (*f).Export(w))
		}
		return s
	}, func(r *handover.Reader, s []*FileState) {
		for i, f := range files {
			(*f).fd = -1
			(*f).async.Store(nil)
			*f = ImportFile(r, s[i], (*f).path, o)
		}
	})
}

// covers: L12-b
// A log goes on as it would without a handover: rotation, a file that was renamed or removed, and what is reported once.
func TestFilesAreHandedOver(t *testing.T) {
	steps := []func(path string, f *File) error{
		func(_ string, f *File) error { _, err := f.Write([]byte("12345")); return err },
		func(_ string, f *File) error { _, err := f.Write([]byte("67890")); return err }, // rotates at 10
		func(_ string, f *File) error { _, err := f.Write([]byte("abc")); return err },
		func(path string, _ *File) error { return os.Rename(path, path+".moved") },
		func(_ string, f *File) error { _, err := f.Write([]byte("def")); return err }, // to the renamed one
		func(_ string, f *File) error {
			f.comparedAt -= 2 * compareInterval
			f.checkedAt = time.Time{}
			return nil
		},
		func(_ string, f *File) error { _, err := f.Write([]byte("ghi")); return err }, // opened again
		func(path string, _ *File) error { return os.Remove(path) },
		func(_ string, f *File) error { _, err := f.Write([]byte("lost")); return err },
		func(_ string, f *File) error { f.checkedAt = time.Time{}; return nil },
		func(_ string, f *File) error { _, err := f.Write([]byte("jkl")); return err }, // created again
		func(path string, _ *File) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+"2") },
		func(_ string, f *File) error { _, err := f.Write([]byte("m")); return err },
		func(path string, _ *File) error { return os.Remove(filepath.Dir(path) + "2/" + filepath.Base(path)) },
		func(_ string, f *File) error { f.checkedAt = time.Time{}; _, err := f.Write([]byte("nop")); return err },
		func(_ string, f *File) error { _, err := f.Write([]byte("qr")); return err },
		func(path string, _ *File) error { return os.Rename(filepath.Dir(path)+"2", filepath.Dir(path)) },
		func(_ string, f *File) error { f.checkedAt = time.Time{}; _, err := f.Write([]byte("st")); return err },
		func(_ string, f *File) error { return f.Reopen() },
		func(_ string, f *File) error { return f.Close() },
	}
	run := func(upgrades bool) (log []string) {
		ownRegistry(t)
		dir := filepath.Join(t.TempDir(), "d")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		o := FileOptions{MaxBytes: 10, Backups: 2}
		f := open(t, filepath.Join(dir, "log"), o)
		for _, step := range steps {
			err := step(f.path, f)
			log = append(log, strings.ReplaceAll(fmt.Sprint(err), filepath.Dir(dir), ""))
			if upgrades && f.fd >= 0 {
				upgradeFiles(t, o, &f)
				Begin()
			}
		}
		for name, text := range contents(t, dir) {
			log = append(log, name+" "+text)
		}
		return log
	}
	if d := cmp.Diff(sorted(run(false)), sorted(run(true))); d != "" {
		t.Errorf("(-without +with handovers):\n%s", d)
	}
}

// sorted sorts what has no order: the names of files at the end.
func sorted(log []string) []string {
	files := log[20:]
	for i := range files {
		for j := range i {
			if files[i] < files[j] {
				files[i], files[j] = files[j], files[i]
			}
		}
	}
	return log
}
