package safefile

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOpenDir opens the directories in which a link's owner could do the same.
func TestOpenDir(t *testing.T) {
	root := tree(t, places)
	before := descriptors(t)
	defer func() {
		if after := descriptors(t); after != before {
			t.Errorf("%d descriptors are open, before %d", after, before)
		}
	}()
	for path, want := range map[string]string{
		"home/log": "", "home/bad": "", "link/cron": "", "srv/current/log/a": "", "home/dir/his": "leads to " + root + "/secret, which",
		"srv/current/foreign/a": "of user 65533 leads to", "srv/away/log": "of user 65533", "missing/a": "no such file",
		"home/log/a": "not a directory",
	} {
		d, base, err := OpenDir(root+"/"+path, app)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", path, err, want)
		}
		if err != nil {
			continue
		}
		if _, name, _ := strings.Cut(path, "/"); !strings.HasSuffix(name, base) {
			t.Errorf("%s: base %s", path, base)
		}
		d.Close()
	}
}

// TestDirStays renames in the directory that was opened, although its path leads elsewhere by then.
func TestDirStays(t *testing.T) {
	root := tree(t, places)
	d, base, err := OpenDir(root+"/home/log", app)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := os.Rename(root+"/home", root+"/moved"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("secret", root+"/home"); err != nil {
		t.Fatal(err)
	}
	fd, info, err := d.Open("made", unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil || !info.IsRegular() {
		t.Fatal(info, err)
	}
	unix.Close(fd)
	for _, err := range []error{d.Rename(base, "log.1"), d.Link("log.1", "log.2"), d.Unlink("log.1")} {
		if err != nil {
			t.Error(err)
		}
	}
	names, err := d.Names()
	if err != nil || !slices.Contains(names, "log.2") || !slices.Contains(names, "made") || slices.Contains(names, "log") {
		t.Error(names, err)
	}
	if text, err := os.ReadFile(root + "/moved/log.2"); string(text) != "text" {
		t.Error(string(text), err)
	}
	if _, _, err := d.Open("bad", unix.O_RDONLY, 0); err != syscall.ELOOP {
		t.Errorf("a link: %v", err)
	}
	if _, err := os.Stat(d.Path("made")); err != nil {
		t.Error(err)
	}
}

// TestEntry changes the file that was found, not the one to which the name leads later.
func TestEntry(t *testing.T) {
	root := tree(t, places)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	d, base, err := OpenDir(root+"/home/sock", app)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: d.Path(base)}); err != nil {
		t.Fatal(err)
	}
	e, err := d.Entry(base)
	if err != nil || !e.IsSocket() || e.Links != 1 {
		t.Fatal(e, err)
	}
	defer e.Close()
	if err := os.Rename(root+"/home/sock", root+"/home/away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(root+"/secret/cron", root+"/home/sock"); err != nil {
		t.Fatal(err)
	}
	_, _ = e.Chown(app, app), e.Chmod(0o777) // refused where the system cannot do it by descriptor
	cron, err := d.Lstat("../secret/cron")
	if err != nil || cron.UID != 0 || cron.Mode&0o777 != 0o600 {
		t.Errorf("%+v, %v", cron, err)
	}
	now, err := d.Entry("away")
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	if err := now.Chmod(0o640); err != nil {
		t.Error(err)
	}
	if err := now.Chown(deploy, -1); err != nil {
		t.Error(err)
	}
	if st, err := d.Lstat("away"); err != nil || st.Mode&0o777 != 0o640 || st.UID != deploy || st.GID != app {
		t.Errorf("%+v, %v", st, err)
	}
	link, err := d.Entry("sock")
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	if err := link.Chmod(0o777); err == nil {
		t.Error("the mode of a link was changed")
	}
}

// covers: SEC-2
func TestReadOwn(t *testing.T) {
	root := tree(t, places+`
		0600 root run        text
		0600 root empty      .
		0620 root writable   text
		0600 root large      123456789
		0777 root zero       -> /dev/zero
		0600 root pipe       fifo
	`)
	for path, want := range map[string]string{
		"run": "", "home/log": "", "writable": "others can write it", "large": "it has more than 8 bytes", "zero": "it is a symbolic link",
		"home/mine2": "it belongs",
		"pipe":       "it is not a regular file", "home": "it is not a regular file", "tmp/app": "it belongs to uid 65534",
		"missing": "no such file", "home/dir/cron": "leads to", "link/cron": "it has several names", "home/fifo": "it is not a regular file",
	} {
		data, err := ReadOwn(root+"/"+path, 8)
		if want == "" && string(data) != "text" || (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v; want %q", path, data, err, want)
		}
	}
	if _, err := ReadOwn("/proc/self/status", 8); err == nil || !strings.Contains(err.Error(), "more than 8") {
		t.Errorf("a file whose size is not known: %v", err)
	}
}

// covers: SEC-12
func TestReplace(t *testing.T) {
	for _, c := range []struct {
		path, at string // at: where the data are in the end
		mode     uint32
	}{
		{"new", "new", 0o644}, {"home/log", "home/log", 0o644}, {"home/bad", "home/bad", 0o644}, {"home/own", "home/own", 0o644},
		{"tmp/other", "tmp/other", 0o644}, {"tmp/bad", "tmp/bad", 0o644}, {"home/fifo", "home/fifo", 0o644},
		{"disk", "home/log", 0o644}, {"home/null", "home/null", 0o644}, {"link/cron", "secret/cron", 0o644}, {"home/dir/cron", "", 0},
		{"home/sub", "", 0}, {"home/cron", "secret/cron", 0o644}, // a link of root
	} {
		root := tree(t, places)
		path, err := Replace(root+"/"+c.path, []byte("data"), 0o644)
		if (err == nil) != (c.at != "") {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		for _, victim := range []string{"secret/cron", "home/log"} {
			if text, _ := os.ReadFile(root + "/" + victim); victim != c.at && string(text) != "text" {
				t.Errorf("%s: %s is %q", c.path, victim, text)
			}
		}
		if err != nil {
			continue
		}
		info, err := lstat(unix.AT_FDCWD, root+"/"+c.at)
		if err != nil || info.Mode != unix.S_IFREG|c.mode || info.UID != 0 || info.Links != 1 {
			t.Errorf("%s: %+v, %v", c.path, info, err)
		}
		if text, err := os.ReadFile(path); string(text) != "data" {
			t.Errorf("%s: %s is %q, %v", c.path, path, text, err)
		}
	}
	if _, err := Replace("/dev/null", []byte("data"), 0o644); err != nil {
		t.Error(err)
	}
	if info, err := lstat(unix.AT_FDCWD, "/dev/null"); err != nil || !info.is(unix.S_IFCHR) {
		t.Errorf("%+v, %v", info, err)
	}
}

// TestReplaceOwn writes a file that ReadOwn reads, whatever is there, but what is no plain file and no link. Nothing that a link leads to
// is changed.
func TestReplaceOwn(t *testing.T) {
	for path, want := range map[string]string{
		"new": "", "home/log": "", "home/bad": "", "tmp/bad": "", "disk": "", "link/cron": "", "home/null": "", "home/dir/cron": "leads to",
		"home/sub": "not a regular file", "home/fifo": "not a regular file", "home/cron": "",
	} {
		root := tree(t, places)
		err := ReplaceOwn(root+"/"+path, []byte("data"), 0o600)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", path, err, want)
		}
		for _, victim := range []string{"secret/cron", "home/log"} {
			if text, _ := os.ReadFile(root + "/" + victim); victim != path && path != "link/cron" && string(text) != "text" {
				t.Errorf("%s: %s is %q", path, victim, text)
			}
		}
		if err != nil {
			continue
		}
		info, err := lstat(unix.AT_FDCWD, root+"/"+path)
		if err != nil || info.Mode != unix.S_IFREG|0o600 || info.UID != 0 || info.Links != 1 {
			t.Errorf("%s: %+v, %v", path, info, err)
		}
		if text, err := ReadOwn(root+"/"+path, 8); string(text) != "data" {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	if err := ReplaceOwn("/dev/null", []byte("data"), 0o600); err == nil {
		t.Error("/dev/null was replaced")
	}
}
