package api

import "strings"

// Namespec is the name that clients use for a process: the process name alone when its group has the same name.
func Namespec(group, process string) string {
	if group == process {
		return process
	}
	return group + ":" + process
}

// SplitNamespec parses a namespec: "web" is the process web of the group web, "g:web" the process web of the group g, and
// "g:*" and "g:" are the whole group g, for which process is "". Source: startProcess.
func SplitNamespec(namespec string) (group, process string, whole bool) {
	group, process, found := strings.Cut(namespec, ":")
	switch {
	case !found:
		return group, group, false
	case process == "*" || process == "":
		return group, "", true
	}
	return group, process, false
}
