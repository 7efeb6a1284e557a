package safefile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The users of the tests. Files of the program's user are in directories of the tests only.
const (
	app    = 65534
	deploy = 65533
	other  = 65532
)

// tree makes files below a directory of root. A line is "MODE UID PATH", then "/" for a directory, "-> TARGET" for a link,
// "= PATH" for one more name, "fifo", or the text of a file. {} in a target is the directory.
func tree(t testing.TB, lines string) (root string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: files of several users")
	}
	protectedHardLinks = func() bool { return false }
	t.Cleanup(func() { protectedHardLinks = kernelProtectsHardLinks })
	root = t.TempDir()
	for line := range strings.Lines(lines) {
		if f := strings.Fields(line); len(f) > 0 {
			plant(t, root, f)
		}
	}
	return root
}

func plant(t testing.TB, root string, f []string) {
	t.Helper()
	path := root + "/" + f[2]
	var err error
	switch kind := f[3]; kind {
	case "/":
		err = os.Mkdir(path, 0o700)
	case "->":
		err = os.Symlink(strings.ReplaceAll(f[4], "{}", root), path)
	case "=":
		err = os.Link(root+"/"+f[4], path)
	case "fifo":
		err = syscall.Mkfifo(path, 0o600)
	default:
		err = os.WriteFile(path, []byte(kind), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if f[3] == "=" {
		return
	}
	uid := map[string]int{"root": 0, "app": app, "deploy": deploy, "other": other}[f[1]]
	if err := os.Lchown(path, uid, uid); err != nil {
		t.Fatal(err)
	}
	if f[3] == "->" {
		return
	}
	var mode uint32
	for _, digit := range f[0] {
		mode = mode<<3 | uint32(digit-'0')
	}
	if err := unix.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

const places = `
	0755 app    home          /
	0700 root   secret        /
	0600 root   secret/cron   text
	0600 app    secret/his    text
	0600 root   home/log      text
	0777 root   home/cron     -> {}/secret/cron
	0777 app    home/bad      -> {}/secret/cron
	0777 app    home/new      -> {}/secret/missing
	0777 app    home/his      -> {}/secret/his
	0777 app    home/own      -> log
	0777 app    home/ownnew   -> sub/../missing
	0755 app    home/sub      /
	0777 app    home/dir      -> {}/secret
	0777 app    home/up       -> ../secret/cron
	0777 app    home/loop     -> loop
	0777 app    home/null     -> /dev/null
	0777 app    home/zero     -> /dev/zero
	0777 app    home/stdout   -> /dev/stdout
	0777 app    home/via      -> viaroot
	0777 root   home/viaroot  -> {}/secret/cron
	0777 app    home/twice    -> {}/home/own
	0777 other  home/foreign  -> log
	0600 app    home/fifo     fifo
	0777 root   link          -> secret
	0777 root   disk          -> home/log
	0755 deploy srv           /
	0777 deploy srv/current   -> releases/7
	0755 deploy srv/releases  /
	0755 deploy srv/releases/7 /
	0755 app    srv/releases/7/log /
	0600 root   srv/releases/7/log/a text
	0755 other  srv/releases/7/foreign /
	0600 root   srv/releases/7/foreign/a text
	0777 deploy srv/away      -> {}/home
	0600 root   home/hard     = secret/cron
	0600 app    home/mine     text
	0600 app    home/mine2    = home/mine
	0600 app    home/root2    text
	1777 root   tmp           /
	0600 root   tmp/root      text
	0600 app    tmp/app       text
	0600 other  tmp/other     text
	0777 app    tmp/bad       -> {}/secret/cron
	0777 app    tmp/mine      -> {}/home/log
	0777 root   tmp/hard      -> {}/secret/cron
	0777 root   home/hardlink = tmp/hard
	0775 root   group         /
	0600 root   group/log     = home/root2
	0600 other  group/other   text
	0600 other  group/other2  = group/other
	0777 other  home/toother  -> {}/group/other2
	0600 app    srv/hard      = home/mine
	0777 deploy srv/tohard    -> hard
	0777 root   open          /
	0600 other  open/other    text
`

// opened is what becomes of each path of places for a log of app.
var opened = map[string]string{ // "": opened; else a part of the refusal
	"home/log":                      "",
	"home/cron":                     "",
	"home/bad":                      "link {}/home/bad of user 65534 leads to {}/secret/cron, which is not that user's",
	"home/new":                      "leads to {}/secret/missing",
	"home/his":                      "",
	"home/own":                      "",
	"home/ownnew":                   "",
	"home/dir/cron":                 "link {}/home/dir of user 65534 leads to {}/secret/cron",
	"home/dir/new":                  "leads to {}/secret/new",
	"home/dir/his":                  "",
	"home/up":                       "leads to {}/secret/cron",
	"home/loop":                     "too many levels",
	"home/null":                     "",
	"home/zero":                     "leads to /dev/zero",
	"home/stdout":                   "",
	"home/via":                      "link {}/home/via of user 65534 leads to {}/secret/cron",
	"home/twice":                    "",
	"home/foreign":                  "of user 65532 leads to {}/home/log",
	"link/cron":                     "",
	"disk":                          "",
	"link/../home/own":              "",
	"home/sub/../../home/own":       "",
	"srv/current/log/a":             "",
	"srv/current/log/b":             "",
	"srv/current/foreign/a":         "of user 65533 leads to {}/srv/releases/7/foreign/a",
	"srv/away/log":                  "of user 65533 leads to {}/home/log",
	"home/hard":                     "has 2 names",
	"home/mine":                     "",
	"home/mine2":                    "",
	"tmp/root":                      "",
	"tmp/app":                       "",
	"tmp/new":                       "",
	"tmp/other":                     "belongs to user 65532, in a directory in which all users can create files",
	"tmp/bad":                       "leads to {}/secret/cron",
	"tmp/mine":                      "",
	"tmp/hard":                      "link {}/tmp/hard, which has several names, leads to {}/secret/cron",
	"home/hardlink":                 "link {}/home/hardlink of user 65534 leads to {}/secret/cron",
	"group/log":                     "",
	"home/toother":                  "",
	"group/other2":                  "has 2 names",
	"srv/hard":                      "",
	"srv/tohard":                    "of user 65533 leads to {}/srv/hard",
	"open/other":                    "",
	"link/../link/../tmp/./root":    "",
	"home/missing/a":                "no such file",
	"home/log/a":                    "not a directory",
	"home/own/a":                    "not a directory",
	"srv/current/log/../../../../x": "leads to {}/x",
}

// TestOpen opens what the rules allow, and creates, empties and opens nothing else.
func TestOpen(t *testing.T) {
	before := descriptors(t)
	defer func() {
		if after := descriptors(t); after != before {
			t.Errorf("%d descriptors are open, before %d", after, before)
		}
	}()
	for path, want := range opened {
		root := tree(t, places)
		want = strings.ReplaceAll(want, "{}", root)
		fd, info, err := Open(root+"/"+path, unix.O_WRONLY|unix.O_APPEND|unix.O_CREAT|unix.O_TRUNC|unix.O_NONBLOCK, 0o664, app)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", path, err, want)
		}
		if refused := (*Refused)(nil); errors.As(err, &refused) && !errors.Is(err, syscall.EPERM) {
			t.Errorf("%s: %v is not EPERM", path, err)
		}
		if err != nil {
			for _, victim := range []string{"secret/cron", "home/log", "tmp/other", "srv/releases/7/foreign/a"} {
				if text, _ := os.ReadFile(root + "/" + victim); string(text) != "text" {
					t.Errorf("%s: %s was changed", path, victim)
				}
			}
			if names, _ := filepath.Glob(root + "/secret/*"); len(names) != 2 {
				t.Errorf("%s: created %v", path, names)
			}
			continue
		}
		if now, err := Stat(fd); err != nil || !now.Same(info) || info.IsRegular() && !info.Shared && now.Size != 0 {
			t.Errorf("%s: %+v, %v, fstat %+v", path, info, err, now)
		}
		if shared := path == "home/null" || path == "home/stdout"; shared != info.Shared {
			t.Errorf("%s: shared: %v", path, info.Shared)
		}
		unix.Close(fd)
	}
}

// descriptors returns how many descriptors are open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestProtectedHardLinks opens files with several names where no user can have made them.
func TestProtectedHardLinks(t *testing.T) {
	root := tree(t, places)
	protectedHardLinks = func() bool { return true }
	for path, refused := range map[string]bool{"home/hard": false, "tmp/hard": false, "home/hardlink": false, "srv/tohard": false, "home/bad": true} {
		fd, _, err := Open(root+"/"+path, unix.O_WRONLY, 0, app)
		if refused != errors.Is(err, syscall.EPERM) || !refused && err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil {
			unix.Close(fd)
		}
	}
}

// TestOpenRead reads the standard output through no link of a user.
// covers: SEC-3
func TestOpenRead(t *testing.T) {
	root := tree(t, places)
	for path, want := range map[string]string{
		"home/log": "", "home/own": "", "home/null": "", "link/cron": "", "home/bad": "leads to", "home/stdout": "leads to /dev/stdout",
		"home/zero": "leads to /dev/zero", "home/fifo": "", "tmp/other": "belongs to", "home/hard": "has 2 names", "home/missing": "no such file",
	} {
		fd, _, err := OpenRead(root+"/"+path, app)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", path, err, want)
		}
		if err == nil {
			unix.Close(fd)
		}
	}
}

// TestUnrestricted opens as the system does if the effective user is not root.
func TestUnrestricted(t *testing.T) {
	root := tree(t, places)
	effectiveUID = func() int { return app }
	defer func() { effectiveUID = syscall.Geteuid }()
	fd, _, err := Open(root+"/home/bad", unix.O_WRONLY, 0, app)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	d, base, err := OpenDir(root+"/home/dir/cron", app)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if info, err := d.Lstat(base); err != nil || !info.IsRegular() {
		t.Errorf("%+v, %v", info, err)
	}
	if names, err := d.Names(); err != nil || len(names) != 2 {
		t.Error(names, err)
	}
}

// BenchmarkOpen opens a log as the start of a program does: with the rules, without them, and through a link of root.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	if err := os.Symlink("log", dir+"/link"); err != nil {
		b.Fatal(err)
	}
	const flags = unix.O_WRONLY | unix.O_APPEND | unix.O_CREAT | unix.O_NONBLOCK
	for _, c := range []struct {
		name, path string
		uid        int
	}{{"rules", "/log", 0}, {"plain", "/log", 1000}, {"link", "/link", 0}} {
		b.Run(c.name, func(b *testing.B) {
			defer func() { effectiveUID = syscall.Geteuid }()
			effectiveUID = func() int { return c.uid }
			b.ReportAllocs()
			for b.Loop() {
				fd, _, err := Open(dir+c.path, flags, 0o664, None)
				if err != nil {
					b.Fatal(err)
				}
				unix.Close(fd)
			}
		})
	}
}
