package cpus

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// quota returns the processors that the control groups of a process leave it, as a fraction; 0: all. Root is the root directory. Both
// hierarchies are read, because a system may have both.
func quota(root fs.FS) (least float64) {
	groups := paths(root)
	for _, m := range mounts(root) {
		group, member := groups[m.hierarchy]
		if !member {
			continue
		}
		dir, below := m.below(group)
		for ; ; dir = path.Dir(dir) { // the limits of all groups around it hold too
			if q := m.limit(root, path.Join(m.point, dir)); q > 0 && (least == 0 || q < least) {
				least = q
			}
			if !below || dir == "/" || dir == "." {
				break
			}
		}
	}
	return least
}

// unified is the hierarchy of version 2, which all controllers share.
const unified = "unified"

// controller is the controller of version 1 that limits processor time.
const controller = "cpu"

// paths returns the control groups of this process by hierarchy.
func paths(root fs.FS) map[string]string {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	groups := map[string]string{}
	for line := range strings.Lines(string(text)) { // such as 4:cpu,cpuacct:/a/b, or 0::/a/b in version 2
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		switch {
		case len(fields) != 3:
		case fields[0] == "0" && fields[1] == "":
			groups[unified] = fields[2]
		case hasWord(fields[1], controller):
			groups[controller] = fields[2]
		}
	}
	return groups
}

// mount is a mounted hierarchy of control groups.
type mount struct {
	hierarchy string
	top       string // the group that is mounted
	point     string // where, relative to the root directory
}

func mounts(root fs.FS) (list []mount) {
	text, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) { // ID PARENT DEVICE TOP POINT OPTIONS ... - TYPE SOURCE OPTIONS
		before, after, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) < 3 {
			continue
		}
		m := mount{top: fields[3], point: strings.TrimPrefix(path.Clean(fields[4]), "/")}
		switch {
		case kind[0] == "cgroup2":
			m.hierarchy = unified
		case kind[0] == "cgroup" && hasWord(kind[2], controller):
			m.hierarchy = controller
		default:
			continue
		}
		list = append(list, m)
	}
	return list
}

// below returns the path of a group below the mount. A group that is not below it, as in a container that does not see the groups of
// the host, is that of the mount itself.
func (m *mount) below(group string) (dir string, ok bool) {
	rest, ok := strings.CutPrefix(group, strings.TrimSuffix(m.top, "/"))
	if !ok || rest != "" && rest[0] != '/' {
		return "/", false
	}
	return path.Clean("/" + rest), true
}

// limit returns the processors that one group may use, 0 if it has no limit.
func (m *mount) limit(root fs.FS, dir string) float64 {
	read := func(name string) []string {
		text, err := fs.ReadFile(root, path.Join(dir, name))
		if err != nil {
			return nil
		}
		return strings.Fields(string(text))
	}
	var values []string // the time in microseconds, and the period to which it applies
	if m.hierarchy == unified {
		values = read("cpu.max")
	} else {
		values = append(read("cpu.cfs_quota_us"), read("cpu.cfs_period_us")...)
	}
	if len(values) != 2 {
		return 0
	}
	time, err := strconv.ParseFloat(values[0], 64) // "max" and -1 are none
	period, problem := strconv.ParseFloat(values[1], 64)
	if err != nil || problem != nil || time <= 0 || period <= 0 {
		return 0
	}
	return time / period
}

// hasWord reports whether a list with commas has a word.
func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}
