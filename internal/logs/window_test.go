package logs

import (
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

const twenty = "abcdefghijklmnopqrst"

func twentyBytes(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte(twenty), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	path := twentyBytes(t)
	for _, c := range []struct {
		offset, length int64
		want           string
		err            error
	}{
		{0, 0, twenty, nil},
		{5, 0, twenty[5:], nil},
		{0, 5, twenty[:5], nil},
		{18, 5, twenty[18:], nil},
		{0, 1 << 62, twenty, nil},
		{0, -1, "", ErrArguments},
		{-3, 0, twenty[17:], nil},
		{-100, 0, twenty, nil},
		{-1 << 62, 0, twenty, nil},
		{-3, 1, "", ErrArguments},
		{-3, -1, "", ErrArguments},
		{20, 0, "", nil},
		{100, 5, "", nil},
		{100, 0, "", nil},
	} {
		got, err := Read(Source{Path: path}, c.offset, c.length)
		if string(got) != c.want || err != c.err {
			t.Errorf("Read(%d, %d) = %q, %v; want %q, %v", c.offset, c.length, got, err, c.want, c.err)
		}
	}
	if _, err := Read(Source{Path: path + ".none"}, 0, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if got, err := Read(Source{Path: "/dev/null"}, 0, 0); len(got) != 0 || err != nil {
		t.Errorf("/dev/null: %q, %v", got, err)
	}
}

func TestTail(t *testing.T) {
	path := twentyBytes(t)
	for _, c := range []struct {
		offset, length int64
		want           string
		overflow       bool
	}{
		{0, 5, twenty[15:], true},
		{0, 100, twenty, false},
		{0, 0, "", true},
		{19, 5, twenty[15:], false},
		{20, 10, "", false},
		{1000, 5, "", false},
		{-5, 3, twenty[17:], true},
		{15, 5, twenty[15:], false},
		{0, -1, "", true},
		{30, -20, "", true},
		{1 << 62, 1 << 62, "", false},
	} {
		got, next, overflow, err := Tail(Source{Path: path}, c.offset, c.length)
		if string(got) != c.want || next != 20 || overflow != c.overflow || err != nil {
			t.Errorf("Tail(%d, %d) = %q, %d, %v, %v; want %q, 20, %v",
				c.offset, c.length, got, next, overflow, err, c.want, c.overflow)
		}
	}
	if got, next, overflow, err := Tail(Source{Path: path + ".none"}, 0, 5); len(got) != 0 || next != 0 || overflow || err != nil {
		t.Errorf("missing file: %q, %d, %v, %v", got, next, overflow, err)
	}
}

// differs: DIFF-452 rotated files may be compressed
func TestCleanAuto(t *testing.T) {
	dir := t.TempDir()
	removed := []string{"x-stdout---super.visor-abc.log", "x-stdout---super.visor-abc.log.1",
		"x-stdout---super.visor-abc.log.99999", "p---super.visor-a---super.visor-.log", "x-stdout---super.visor-abc.log.2.gz",
		"x-stdout---super.visor-abc.log.2026-11-27", "x-stdout---super.visor-abc.log.2026-11-27T14.3.zst",
		"x-stdout---super.visor-abc.log.1.gz.part"}
	kept := []string{"---super.visor-zz.log", "keep---super.visor-a b.log", "y-stdout---other-abc.log",
		"x-stdout---superxvisor-abc.log", "x-stdout---super.visor-abc.log.txt", "x---super.visor-abc.logfoo",
		"x---super.visor-.log", "x---super.visor-abc.log.", "x---super.visor-abc.log1",
		"x---super.visor-abc.log.2.bz2", "x---super.visor-abc.log.2026-13-27"}
	for _, name := range append(removed, kept...) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	blocked := filepath.Join(dir, "d---super.visor-x.log")
	if err := os.Mkdir(blocked, 0o755); err != nil {
		t.Fatal(err)
	}
	problems := CleanAuto(dir, "super.visor")
	if len(problems) != 1 || problems[0].Error() != "Failed to clean up '"+blocked+"'" {
		t.Errorf("problems: %v", problems)
	}
	os.Remove(blocked)
	want := map[string]string{}
	for _, name := range kept {
		want[name] = ""
	}
	if d := cmp.Diff(want, contents(t, dir)); d != "" {
		t.Error(d)
	}
	problems = CleanAuto(dir+"/none", "x")
	if len(problems) != 1 || problems[0].Error() != "Could not clear childlog dir" {
		t.Errorf("problems: %v", problems)
	}
}

func TestCreateAuto(t *testing.T) {
	dir := t.TempDir()
	seen := map[string]bool{}
	for range 20 {
		path, err := CreateAuto(dir, "web", api.Stdout, "supervisor")
		if err != nil {
			t.Fatal(err)
		}
		if ok, _ := filepath.Match(dir+"/web-stdout---supervisor-????????.log", path); !ok || seen[path] {
			t.Errorf("path %s, seen before: %v", path, seen[path])
		}
		seen[path] = true
		if !isAuto(filepath.Base(path), "supervisor") {
			t.Errorf("CleanAuto would not find %s", path)
		}
	}
	if _, err := CreateAuto(dir+"/none", "web", api.Stdout, "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing directory: %v", err)
	}
}

// FuzzWindow reads any part of any log, and gets what the same cut of its bytes is.
func FuzzWindow(f *testing.F) {
	for _, c := range [][2]int64{{0, 0}, {0, 5}, {5, 0}, {-3, 0}, {-3, 1}, {18, 5}, {100, 5}, {-1 << 63, 0}, {1<<63 - 1, 1<<63 - 1},
		{0, -1 << 63}, {19, 5}, {20, 10}, {-5, 3}} {
		f.Add([]byte(twenty), c[0], c[1])
		f.Add([]byte{}, c[0], c[1])
	}
	path := filepath.Join(f.TempDir(), "log")
	f.Fuzz(func(t *testing.T, text []byte, offset, length int64) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		size := int64(len(text))
		got, err := Read(Source{Path: path}, offset, length)
		switch {
		case length < 0 || offset < 0 && length != 0:
			if err != ErrArguments {
				t.Errorf("Read(%d, %d): %v", offset, length, err)
			}
		default:
			begin, end := min(offset, size), size
			if offset < 0 {
				begin = size - min(size, -max(offset, -size))
			}
			if length > 0 && length < size-begin {
				end = begin + length
			}
			if string(got) != string(text[begin:end]) || err != nil {
				t.Errorf("Read(%d, %d) of %d bytes: %q, %v", offset, length, size, got, err)
			}
		}
		data, next, overflow, err := Tail(Source{Path: path}, offset, length)
		want := text[size-min(max(length, 0), size):]
		more := big.NewInt(size).Cmp(new(big.Int).Add(big.NewInt(offset), big.NewInt(length))) > 0
		if !more && offset >= size {
			want = nil
		}
		if string(data) != string(want) || next != size || overflow != more || err != nil {
			t.Errorf("Tail(%d, %d) of %d bytes: %q, %d, %v, %v; want %q", offset, length, size, data, next, overflow, err, want)
		}
	})
}
