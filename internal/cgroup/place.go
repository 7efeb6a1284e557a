package cgroup

import (
	"errors"
	"path/filepath"
	"strings"
)

// own returns the path of the cgroup of supervisord. Hybrid reports whether controllers belong to version 1 of cgroups, so that they are
// missing in this one.
func (t *Tree) own() (path string, hybrid bool, err error) {
	self, err1 := t.system.Read(t.system.Proc("self/cgroup"))
	mounts, err2 := t.system.Read(t.system.Proc("self/mountinfo"))
	if err := errors.Join(err1, err2); err != nil {
		return "", false, errors.New("this system has no cgroups of version 2")
	}
	inside, found, hybrid := parseSelf(self)
	root, mount, ok := parseMounts(mounts)
	if !found || !ok {
		return "", hybrid, errors.New("this system has no cgroups of version 2")
	}
	rest, ok := strings.CutPrefix(inside, strings.TrimSuffix(root, "/"))
	if !ok || strings.HasPrefix(inside, "/..") || rest != "" && rest[0] != '/' {
		return "", hybrid, errors.New("the cgroup of supervisord is outside of " + mount)
	}
	return filepath.Join(mount, rest), hybrid, nil
}

// parseSelf returns the path in /proc/self/cgroup. Hybrid reports whether a controller is in another hierarchy.
func parseSelf(text string) (path string, found, hybrid bool) {
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		switch {
		case len(fields) != 3:
		case fields[0] == "0" && fields[1] == "":
			path, found = strings.TrimSuffix(fields[2], " (deleted)"), true
		case fields[1] != "" && !strings.HasPrefix(fields[1], "name="):
			hybrid = true
		}
	}
	return path, found, hybrid
}

// parseMounts returns the root and the place of the first mount of cgroups of version 2 in /proc/self/mountinfo.
func parseMounts(text string) (root, place string, ok bool) {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace
	for line := range strings.Lines(text) {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if len(fields) >= 5 && strings.HasPrefix(after, "cgroup2 ") {
			return unescape(fields[3]), unescape(fields[4]), true
		}
	}
	return "", "", false
}
