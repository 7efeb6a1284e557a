package ctl

import "strings"

// namespec is the name of a process or, when process is empty, of a whole group.
type namespec struct{ group, process string }

// splitNamespec reads "web" (a process in a group of its name), "group:web", and "group:*" or "group:".
func splitNamespec(name string) namespec {
	group, process, found := strings.Cut(name, ":")
	switch {
	case !found:
		return namespec{name, name}
	case process == "*":
		return namespec{group: group}
	}
	return namespec{group, process}
}

func (n namespec) isGroup() bool { return n.process == "" }

// String is how lines show the name.
func (n namespec) String() string {
	if n.process == n.group {
		return n.process
	}
	return n.group + ":" + n.process
}
