package config

import (
	"io/fs"
	"testing"
)

// madeUp is a pathAudit of files that do not exist.
func madeUp(files map[string]fact) *pathAudit {
	return &pathAudit{facts: map[string]*fact{}, lstat: func(path string) *fact {
		if f, ok := files[path]; ok {
			return &f
		}
		return nil
	}}
}

func dirFact(mode fs.FileMode, uid, gid int) fact {
	return fact{mode: fs.ModeDir | mode, uid: uid, gid: gid}
}

func linkTo(target string, uid int) fact {
	return fact{mode: fs.ModeSymlink | 0o777, uid: uid, link: target}
}

// TestWeakest checks which place lets others change a file. covers: SEC-22
func TestWeakest(t *testing.T) {
	root := dirFact(0o755, 0, 0)
	tree := map[string]fact{
		"/": root, "/etc": root, "/srv": root, "/var": root, "/usr": root,
		"/etc/a":         {mode: 0o644},
		"/etc/all":       {mode: 0o646},
		"/etc/group":     {mode: 0o664, gid: 1001},
		"/etc/rootgroup": {mode: 0o664},
		"/etc/app":       {mode: 0o600, uid: 1000},
		"/srv/app":       dirFact(0o755, 1000, 1000),
		"/srv/app/file":  {mode: 0o644},
		"/srv/open":      dirFact(0o777, 0, 0),
		"/srv/open/file": {mode: 0o644},
		"/srv/team":      dirFact(0o775, 0, 1000),
		"/tmp":           dirFact(0o777|fs.ModeSticky, 0, 0),
		"/tmp/root":      {mode: 0o644},
		"/tmp/app":       {mode: 0o644, uid: 1000},
		"/tmp/link":      linkTo("/etc/a", 1000),
		"/tmp/rootlink":  linkTo("../etc/a", 0),
		"/var/log":       dirFact(0o775, 0, 104),
		"/var/log/x":     dirFact(0o775, 0, 104),
		"/etc/link":      linkTo("../srv/app/file", 0),
		"/etc/applink":   linkTo("a", 1000), // root's directory: the link cannot be replaced
		"/etc/loop":      linkTo("loop", 0),
		"/etc/dangling":  linkTo("/nowhere/x", 0),
	}
	app := owner{1000, 1000}
	for _, c := range []struct {
		path   string
		owners owners
		want   string // the weakest place
	}{
		{"/etc/a", nil, ""},
		{"/etc//./../etc/a", nil, ""},
		{"/etc/all", nil, "/etc/all"},
		{"/etc/all", owners{app}, "/etc/all"},
		{"/etc/group", nil, "/etc/group"},
		{"/etc/group", owners{{1000, 1001}}, ""},
		{"/etc/rootgroup", nil, ""},
		{"/etc/app", nil, "/etc/app"},
		{"/etc/app", owners{app}, ""},
		{"/srv/app/file", nil, "/srv/app"},
		{"/srv/app/file", owners{app}, ""},
		{"/srv/app/missing", nil, "/srv/app"},
		{"/srv/app/../open/file", nil, "/srv/app"},
		{"/srv/open", nil, "/srv/open"},
		{"/srv/open/file", nil, "/srv/open"},
		{"/srv/team", nil, "/srv/team"},
		{"/srv/team", owners{app}, ""},
		{"/tmp", nil, ""},
		{"/tmp/root", nil, ""},
		{"/tmp/app", nil, "/tmp/app"},
		{"/tmp/missing", nil, ""},
		{"/tmp/link", nil, "/tmp/link"},
		{"/tmp/rootlink", nil, ""},
		{"/etc/link", nil, "/srv/app"},
		{"/etc/link", owners{app}, ""},
		{"/etc/applink", nil, ""},
		{"/etc/loop", nil, ""},
		{"/etc/dangling", nil, ""},
		{"/var/log", nil, ""},
		{"/var/log/x", nil, "/var/log/x"},
	} {
		got := ""
		if w := madeUp(tree).weakest(c.path, c.owners); w != nil {
			got = w.path
		}
		if got != c.want {
			t.Errorf("%s, owners %v: %q, want %q", c.path, c.owners, got, c.want)
		}
	}
}

// TestWeaknessTexts checks what a warning says is wrong.
func TestWeaknessTexts(t *testing.T) {
	for want, f := range map[string]fact{
		"/x: it belongs to user 4000001 (chown root /x)": {mode: 0o777, uid: 4000001},
		"/x: all users can write it (chmod o-w /x)":      {mode: 0o666, gid: 4000001},
		"/x: group 4000001 can write it (chmod g-w /x)":  {mode: 0o664, gid: 4000001},
		"/x: it belongs to user 4000002 (chown root /x)": {mode: fs.ModeDir | fs.ModeSticky | 0o777, uid: 4000002},
	} {
		w := madeUp(map[string]fact{"/": dirFact(0o755, 0, 0), "/x": f}).weakest("/x", nil)
		if w == nil || w.text != want {
			t.Errorf("%+v, want %s", w, want)
		}
	}
}

func TestReadableByAll(t *testing.T) {
	tree := map[string]fact{"/": dirFact(0o755, 0, 0), "/a": dirFact(0o711, 0, 0), "/a/x": {mode: 0o644}, "/a/y": {mode: 0o640},
		"/b": dirFact(0o750, 0, 0), "/b/x": {mode: 0o644}, "/a/link": linkTo("../b/x", 0), "/b/link": linkTo("/a/x", 0)}
	for path, want := range map[string]bool{"/a/x": true, "/a/y": false, "/b/x": false, "/a/link": false, "/b/link": false, "/a/z": false} {
		if got := madeUp(tree).readableByAll(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// TestOncePerPath checks that no path is looked at twice.
func TestOncePerPath(t *testing.T) {
	looks := map[string]int{}
	a := newPathAudit()
	a.lstat = func(path string) *fact { looks[path]++; return lstat(path) }
	for range 2 {
		a.weakest("/etc/passwd", nil)
		a.weakest("/etc/missing", nil)
		a.readableByAll("/etc/passwd")
	}
	for path, n := range looks {
		if n != 1 {
			t.Errorf("%s: %d times", path, n)
		}
	}
	if looks["/etc/passwd"] == 0 || looks["/etc/missing"] == 0 {
		t.Errorf("%v", looks)
	}
}
