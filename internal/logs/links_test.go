package logs

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const user = 65534

// userLog makes a directory of a user with a log in it, and a directory of root with a file of the same name.
func userLog(t *testing.T) (log, victim string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: files of another user")
	}
	root := t.TempDir()
	home, secret := filepath.Join(root, "home"), filepath.Join(root, "secret")
	log, victim = filepath.Join(home, "log"), filepath.Join(secret, "log")
	err := errors.Join(os.Mkdir(home, 0o755), os.Mkdir(secret, 0o700), os.WriteFile(victim, []byte("secret"), 0o600),
		os.Chown(home, user, user))
	if err != nil {
		t.Fatal(err)
	}
	return log, victim
}

// link replaces a file or directory by a link of the user.
func link(t *testing.T, target, path string) {
	t.Helper()
	err := errors.Join(os.RemoveAll(path), os.Symlink(target, path), os.Lchown(path, user, user))
	if err != nil {
		t.Fatal(err)
	}
}

// TestLinkOfUser leads a log elsewhere while it is open, and finds that nothing is written, made, emptied, renamed or read there.
// covers: SEC-3
// differs: DIFF-162 links of users are followed to their own files only
func TestLinkOfUser(t *testing.T) {
	longAgo := func(f *File) { f.checkedAt = time.Time{} }
	for name, c := range map[string]struct {
		options FileOptions
		file    bool // the log is the link, to a file that is there; else its directory is
		missing bool // the file is not there
		do      func(f *File) error
	}{
		"made again":         {file: true, missing: true, do: func(f *File) error { longAgo(f); _, err := f.Write([]byte("x")); return err }},
		"made again, exists": {file: true, do: func(f *File) error { longAgo(f); _, err := f.Write([]byte("x")); return err }},
		"made in directory":  {missing: true, do: func(f *File) error { longAgo(f); _, err := f.Write([]byte("x")); return err }},
		"emptied":            {options: FileOptions{MaxBytes: 4}, file: true, do: func(f *File) error { _, err := f.Write([]byte("long")); return err }},
		"rotated": {options: FileOptions{MaxBytes: 4, Backups: 2}, do: func(f *File) error {
			_, err := f.Write([]byte("long"))
			return err
		}},
		"renamed": {file: true, do: func(f *File) error {
			longAgo(f)
			f.comparedAt -= compareInterval
			_, condition := f.Write([]byte("x"))
			return condition
		}},
		"reopened":         {file: true, do: (*File).Reopen},
		"reopened through": {do: (*File).Reopen},
		"cleared":          {do: (*File).Clear},
		"cleared, closed":  {do: func(f *File) error { f.Close(); return Clear(f.source()) }},
		"read":             {file: true, do: func(f *File) error { _, err := Read(f.source(), 0, 0); return err }},
		"read through":     {do: func(f *File) error { _, _, _, err := Tail(f.source(), 0, 100); return err }},
		"opened":           {file: true, do: func(f *File) error { _, err := f.source().Open(); return err }},
	} {
		log, victim := userLog(t)
		c.options.Owner = user
		f := open(t, log, c.options)
		if c.missing {
			os.Remove(victim)
		}
		before := contents(t, filepath.Dir(victim))
		if c.file {
			link(t, victim, log)
		} else {
			link(t, filepath.Dir(victim), filepath.Dir(log))
		}
		if err := c.do(f); !errors.Is(err, syscall.EPERM) {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(before, contents(t, filepath.Dir(victim))); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestLinkOfRoot uses logs through links of root, and of the user to what is that user's.
// covers: SEC-3a
func TestLinkOfRoot(t *testing.T) {
	for name, own := range map[string]func(log, victim, linked string) error{
		"file of root":      func(_, victim, linked string) error { return os.Symlink(victim, linked) },
		"directory of root": func(_, victim, linked string) error { return os.Symlink(filepath.Dir(victim), filepath.Dir(linked)) },
		"directory of the user": func(log, _, linked string) error {
			return errors.Join(os.Symlink(filepath.Dir(log), filepath.Dir(linked)), os.Lchown(filepath.Dir(linked), user, user))
		},
	} {
		log, victim := userLog(t)
		linked := filepath.Join(filepath.Dir(log), "linked")
		if name != "file of root" {
			linked = filepath.Join(linked, "log")
		}
		if err := own(log, victim, linked); err != nil {
			t.Fatal(err)
		}
		f := open(t, linked, FileOptions{MaxBytes: 1000, Backups: 1, Owner: user})
		long := make([]byte, 1000)
		for _, p := range [][]byte{[]byte("a"), long, []byte("b")} {
			if _, err := f.Write(p); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := f.Reopen(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if text, err := Read(f.source(), 0, 0); string(text) != "b" || err != nil {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		if err := f.Clear(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOtherTypes reads plain files only, and waits for none.
func TestOtherTypes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, filepath.Dir(path)} {
		if _, err := Read(Source{Path: path}, 0, 0); err == nil {
			t.Errorf("%s was read", path)
		}
	}
	for _, path := range []string{path, filepath.Dir(path), "/dev/zero", "/dev/null"} {
		if _, err := (Source{Path: path}).Open(); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
	for _, length := range []int64{0, 100, 1 << 40} {
		if data, err := Read(Source{Path: "/dev/zero"}, 0, length); len(data) != 0 || err != nil {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		if data, _, _, err := Tail(Source{Path: "/dev/zero"}, 0, length); len(data) != 0 || err != nil {
			t.Errorf("%d bytes, %v", len(data), err)
		}
	}
}

// TestOthersNeverWrite makes logs that other users cannot write, with any umask.
// covers: SEC-24a
// differs: DIFF-163 others cannot write
func TestOthersNeverWrite(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	path := filepath.Join(t.TempDir(), "log")
	f := open(t, path, FileOptions{})
	check := func(want os.FileMode) {
		t.Helper()
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	check(0o664)
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Clear(f.source()); err != nil {
		t.Fatal(err)
	}
	check(0o664)
}
