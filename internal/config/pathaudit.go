package config

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// fact is what lstat reports about a path.
type fact struct {
	mode     fs.FileMode
	uid, gid int
	link     string // the target of a link
}

// pathAudit looks for users who can replace files. Each path is looked at once.
type pathAudit struct {
	lstat func(path string) *fact // nil if there is no such path
	facts map[string]*fact
}

func newPathAudit() *pathAudit { return &pathAudit{lstat: lstat, facts: map[string]*fact{}} }

func lstat(path string) *fact {
	info, err := os.Lstat(path)
	if err != nil {
		return nil
	}
	f := &fact{mode: info.Mode()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		f.uid, f.gid = int(s.Uid), int(s.Gid)
	}
	if f.mode&fs.ModeSymlink != 0 {
		if f.link, err = os.Readlink(path); err != nil {
			return nil
		}
	}
	return f
}

func (a *pathAudit) fact(path string) *fact {
	f, known := a.facts[path]
	if !known {
		f = a.lstat(path)
		a.facts[path] = f
	}
	return f
}

// walk calls check for each directory and link on the way to an absolute path, beginning with /, and for its end. It ends when check
// returns false. It reports whether the end was visited.
func (a *pathAudit) walk(path string, check func(path string, f *fact) bool) bool {
	const maxLinks = 40
	dir, rest := "/", path
	if f := a.fact(dir); f == nil || !check(dir, f) {
		return false
	}
	for links := 0; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		switch name {
		case "", ".":
			continue
		case "..":
			dir = filepath.Dir(dir)
			continue
		}
		next := filepath.Join(dir, name)
		f := a.fact(next)
		if f == nil || !check(next, f) {
			return false
		}
		if f.link == "" {
			dir = next
			continue
		}
		if links++; links > maxLinks {
			return false
		}
		rest = f.link + "/" + rest
		if strings.HasPrefix(f.link, "/") {
			dir = "/"
		}
	}
	return true
}

// exists reports whether a path leads to something.
func (a *pathAudit) exists(path string) bool {
	return a.walk(path, func(string, *fact) bool { return true })
}

// readableByAll reports whether every user can read a file.
func (a *pathAudit) readableByAll(path string) bool {
	readable := true
	return a.walk(path, func(_ string, f *fact) bool {
		switch {
		case f.link != "":
		case f.mode.IsDir():
			readable = readable && f.mode&0o001 != 0
		default:
			readable = readable && f.mode&0o004 != 0
		}
		return readable
	})
}

// owners are the users and groups who may write, besides root.
type owners []owner

func (o owners) user(uid int) bool {
	return uid == 0 || slices.ContainsFunc(o, func(o owner) bool { return o.uid == uid })
}

func (o owners) group(gid int) bool {
	return gid == 0 || slices.ContainsFunc(o, func(o owner) bool { return o.gid == gid })
}

// weakness is a place that lets other users replace a file.
type weakness struct {
	path string
	text string // what is wrong, and a command that mends it
}

// weakest returns the first place on the way to a path, or the end, by which users other than the owners can change what the path
// leads to; nil if there is none. Where a directory has the sticky bit, the owner of a name counts.
func (a *pathAudit) weakest(path string, owners owners) (w *weakness) {
	a.walk(path, func(path string, f *fact) bool {
		dir := a.fact(filepath.Dir(path))
		shared := dir != nil && dir.mode&fs.ModeSticky != 0 && dir.mode&0o022 != 0
		holdsNames := f.mode.IsDir() && f.mode&fs.ModeSticky != 0
		var problem, change string
		switch {
		case f.link != "" && (!shared || owners.user(f.uid)):
			return true
		case !owners.user(f.uid):
			problem, change = "it belongs to user "+userName(f.uid), "chown root"
		case f.link != "" || holdsNames:
			return true
		case f.mode&0o002 != 0:
			problem, change = "all users can write it", "chmod o-w"
		case f.mode&0o020 != 0 && !owners.group(f.gid) && !(f.gid < firstUserGroup && ofDistribution[path]):
			problem, change = "group "+groupName(f.gid)+" can write it", "chmod g-w"
		default:
			return true
		}
		w = &weakness{path, path + ": " + problem + " (" + change + " " + path + ")"}
		return false
	})
	return w
}

// Replaceable returns why users other than root can change what a path leads to, with a command that mends it; "" if they cannot.
func Replaceable(path string) (why string) {
	if w := newPathAudit().weakest(path, nil); w != nil {
		return w.text
	}
	return ""
}

// ofDistribution are directories that some distributions make writable for a group of the system, such as syslog or staff.
var ofDistribution = map[string]bool{"/var/log": true, "/var/local": true, "/opt": true, "/srv": true, "/usr/src": true,
	"/usr/local": true, "/usr/local/bin": true, "/usr/local/sbin": true, "/usr/local/lib": true, "/usr/local/etc": true}

// firstUserGroup is the lowest id of a group that is not one of the system.
const firstUserGroup = 1000

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

func groupName(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return g.Name
	}
	return strconv.Itoa(gid)
}
