package filewatch

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// place is a name in a directory, whose path has no links.
type place struct{ dir, name string }

// target is what is at a path.
type target struct {
	real   string // the path without links; empty: there is nothing
	dir    bool
	inode  inode
	places []place // the names that decide what is there
}

// inode identifies a file.
type inode struct{ dev, ino uint64 }

// maxLinks is how many symbolic links a path may lead through. Source: path_resolution(7).
const maxLinks = 40

// resolve follows an absolute path one name after the other. Names in directories that all users can write, such as /tmp, are no places
// unless it is a link, is missing or is the last one: only its owner can rename it, and many other files are made and removed there.
func resolve(path string) (t target) {
	at, open := "/", false
	rest := strings.Split(filepath.Clean(path), "/")
	var st unix.Stat_t
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			at, open = filepath.Dir(at), false
			continue
		}
		here := place{at, name}
		next := filepath.Join(at, name)
		missing := unix.Lstat(next, &st) != nil
		kind := uint32(st.Mode) & unix.S_IFMT
		if !open || missing || kind == unix.S_IFLNK || len(rest) == 0 {
			t.places = append(t.places, here)
		}
		if missing {
			return t
		}
		if kind == unix.S_IFLNK {
			to, err := os.Readlink(next)
			if links++; err != nil || links > maxLinks {
				return t
			}
			if filepath.IsAbs(to) {
				at, open = "/", false
			}
			rest = append(strings.Split(to, "/"), rest...)
			continue
		}
		at, open = next, uint32(st.Mode)&(unix.S_ISVTX|unix.S_IWOTH) == unix.S_ISVTX|unix.S_IWOTH
	}
	if unix.Lstat(at, &st) != nil {
		return t
	}
	t.real, t.dir = at, uint32(st.Mode)&unix.S_IFMT == unix.S_IFDIR
	t.inode = inode{uint64(st.Dev), st.Ino}
	return t
}
