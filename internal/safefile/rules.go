package safefile

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Refused is the error about a path that leads from what belongs to an unprivileged user to what does not. It wraps EPERM.
type Refused struct{ text string }

func (e *Refused) Error() string { return e.text }

// Unwrap makes it an EPERM.
func (e *Refused) Unwrap() error { return syscall.EPERM }

// onlyRoots reports whether only root can create and remove names in a directory.
func onlyRoots(dir *Info) bool { return dir.UID == 0 && dir.Mode&0o022 == 0 }

// protectedHardLinks reports whether the kernel lets users make names only for files that they could write anyway. Then a second
// name says nothing: a backup may have made it. It is a variable for tests.
var protectedHardLinks = kernelProtectsHardLinks

// manyNames reports whether a file has a name that a user may have made to have it mistaken for another.
func manyNames(file *Info) bool { return file.Links > 1 && !protectedHardLinks() }

// allow returns a *Refused if the rules forbid to use the end of a walk.
func (w *walk) allow(e *end) error {
	for i := range w.passed {
		if link := &w.passed[i]; !(e.found && link.user(e.info.UID)) && !(w.holds(link) && w.mayUse(e)) {
			return link.refuse(w.path(e.name))
		}
	}
	if !e.found || e.info.is(unix.S_IFDIR) {
		return nil
	}
	dir := &w.top().info
	uid := e.info.UID
	known := uid == w.owner || uid == dir.UID
	switch {
	case !onlyRoots(dir) && !(uid != 0 && (known || w.madeLink(uid))) && manyNames(&e.info):
		return &Refused{fmt.Sprintf("%s has %d names, and users other than root can create names in its directory",
			w.path(e.name), e.info.Links)}
	case e.info.IsRegular() && uid != 0 && !known && dir.Mode&unix.S_ISVTX != 0 && dir.Mode&0o002 != 0:
		return &Refused{fmt.Sprintf("%s belongs to user %d, in a directory in which all users can create files",
			w.path(e.name), uid)}
	}
	return nil
}

// allowDirectory returns a *Refused if the rules forbid to create, rename and remove names in the directory at the top.
func (w *walk) allowDirectory() error {
	for i := range w.passed {
		if link := &w.passed[i]; !w.holds(link) {
			return link.refuse(w.path(""))
		}
	}
	return nil
}

// holds reports whether the directory at the top is the link owner's: that user could do there what the link has us do.
func (w *walk) holds(link *passed) bool {
	dir := &w.top().info
	if link.user(dir.UID) {
		return true
	}
	if w.owner == 0 || dir.UID != w.owner {
		return false
	}
	for i := range w.dirs {
		if link.user(w.dirs[i].info.UID) {
			return true
		}
	}
	return false
}

// mayUse reports whether a file in a directory of a link's owner may be used that is not that user's.
func (w *walk) mayUse(e *end) bool {
	uid := e.info.UID
	return !e.found || e.info.IsRegular() && (uid == 0 || uid == w.owner) && !manyNames(&e.info)
}

// madeLink reports whether a user owns one of the links that were passed.
func (w *walk) madeLink(uid uint32) bool {
	for i := range w.passed {
		if w.passed[i].user(uid) {
			return true
		}
	}
	return false
}

// user reports whether the link is that of an unprivileged user.
func (p *passed) user(uid uint32) bool { return uid != 0 && uid == p.uid }

func (p *passed) refuse(end string) error {
	if p.uid == 0 {
		return &Refused{fmt.Sprintf("link %s, which has several names, leads to %s", p.path, end)}
	}
	return &Refused{fmt.Sprintf("link %s of user %d leads to %s, which is not that user's", p.path, p.uid, end)}
}
