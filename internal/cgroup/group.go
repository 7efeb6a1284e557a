package cgroup

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Group is the cgroup of one process. It exists from Make to Remove.
type Group struct {
	tree *Tree
	name string
}

// Group returns the cgroup of a process, without looking whether there is one.
func (t *Tree) Group(group, process string) *Group { return &Group{t, Name(group, process)} }

// Setting is a file of a cgroup, and what is written to it.
type Setting struct {
	File, Value string
	Optional    bool // it is written if the file exists; its controller is not asked for
}

// unlimited are the files that limit processes, as they are in a new cgroup.
var unlimited = []Setting{
	{File: "memory.high", Value: "max"}, {File: "memory.max", Value: "max"}, {File: "memory.oom.group", Value: "0"},
	{File: "cpu.max", Value: "max 100000"}, {File: "cpu.weight", Value: "100"}, {File: "io.weight", Value: "default 100"},
	{File: "pids.max", Value: "max"},
}

// find returns the setting of a file.
func find(list []Setting, file string) (s Setting, ok bool) {
	i := slices.IndexFunc(list, func(s Setting) bool { return s.File == file })
	if i < 0 {
		return s, false
	}
	return list[i], true
}

// Error is why a cgroup cannot be made, or a limit not be set.
type Error struct {
	File string // that could not be written; empty: the cgroup could not be made
	Err  error
}

// Error returns the error as in "cannot set memory.max: EACCES".
func (e *Error) Error() string { return e.Of("") }

// Of returns the error as in "cannot set memory.max of 'web': EACCES".
func (e *Error) Of(process string) string {
	what := "make a cgroup"
	if e.File != "" {
		what = "set " + e.File
	}
	if process != "" {
		what += " of '" + process + "'"
	}
	return "cannot " + what + ": " + errnoName(e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Path is the path of the cgroup, empty if the tree has no base.
func (g *Group) Path() string {
	if g.tree.base == "" {
		return ""
	}
	return filepath.Join(g.tree.base, g.name)
}

func (g *Group) file(name string) string { return filepath.Join(g.Path(), name) }

// Errors are the limits that could not be set. There is at least one.
type Errors []*Error

func (e Errors) Error() string { return e[0].Error() }

// Unwrap implements the interface of errors.Is and errors.As.
func (e Errors) Unwrap() (list []error) {
	for _, err := range e {
		list = append(list, err)
	}
	return list
}

// Make makes the cgroup, unless there is one, and has it limit what the settings say and nothing else. An error is that of Open, an *Error
// if there is no cgroup, or Errors: then all other limits are set.
func (g *Group) Make(limits []Setting) error {
	if err := g.tree.Open(); err != nil {
		return err
	}
	err := g.tree.system.Mkdir(g.Path())
	if err != nil && !errors.Is(err, syscall.EEXIST) {
		return &Error{"", err}
	}
	if err != nil { // it is left of a run with other limits; a file without its controller is missing
		for _, s := range unlimited {
			if _, ok := find(limits, s.File); !ok {
				_ = g.tree.system.Write(g.file(s.File), s.Value)
			}
		}
	}
	var refused Errors
	for _, s := range limits {
		err := g.allow(s)
		if err == nil {
			err = g.tree.system.Write(g.file(s.File), s.Value)
		}
		if err != nil && !s.Optional {
			refused = append(refused, &Error{s.File, err})
		}
	}
	if refused != nil {
		return refused
	}
	return nil
}

// allow has the cgroup have the file of a setting.
func (g *Group) allow(s Setting) error {
	if s.Optional {
		return nil
	}
	return g.tree.enable(s.File)
}

// enable has the cgroups below the base have the controller of a file.
func (t *Tree) enable(file string) error {
	controller, _, _ := strings.Cut(file, ".")
	if controller == "cgroup" || t.has("cgroup.subtree_control", controller) {
		return nil
	}
	if !t.has("cgroup.controllers", controller) {
		return fmt.Errorf("%s does not have the controller %s", t.base, controller)
	}
	err := t.system.Write(filepath.Join(t.base, "cgroup.subtree_control"), "+"+controller)
	if err == nil {
		t.enabled = append(t.enabled, controller)
	}
	return err
}

// has reports whether a file of the base lists a controller.
func (t *Tree) has(file, controller string) bool {
	text, err := t.system.Read(filepath.Join(t.base, file))
	return err == nil && slices.Contains(strings.Fields(text), controller)
}

// Open opens the cgroup, for a child to be started in it. The caller closes it.
func (g *Group) Open() (fd int, err error) {
	fd, err = g.tree.system.Open(g.Path())
	if err != nil {
		return -1, &Error{"", err}
	}
	return fd, nil
}

// Exists reports whether there is such a cgroup. It looks at the system only if the tree is open.
func (g *Group) Exists() bool { return g.tree.base != "" && g.tree.system.IsCgroup(g.Path()) }

// Empty reports whether no process is in it. One that does not exist is empty.
func (g *Group) Empty() bool { return g.tree.base == "" || g.tree.empty(g.Path()) }

// killRounds is how often processes that appear while others are signaled are looked for.
const killRounds = 100

// Signal sends a signal to all processes in the cgroup and below it. The error is a syscall.Errno: ESRCH if there is none.
func (g *Group) Signal(sig syscall.Signal) error {
	if g.tree.base == "" {
		return syscall.ESRCH
	}
	if sig == syscall.SIGKILL && g.tree.system.Write(g.file("cgroup.kill"), "1") == nil {
		return nil // Linux 5.14
	}
	signaled := map[int]bool{}
	result := error(syscall.ESRCH)
	for range killRounds {
		found := false
		for _, pid := range g.tree.all(g.Path()) {
			if pid <= 0 || signaled[pid] { // 0: a process of another namespace
				continue
			}
			found, signaled[pid] = true, true
			if err := g.tree.system.Kill(pid, sig); err == nil {
				result = nil
			} else if errors.Is(result, syscall.ESRCH) {
				result = err
			}
		}
		if !found {
			break
		}
	}
	return result
}

// all returns the processes in a cgroup and below it.
func (t *Tree) all(path string) []int {
	pids, err := t.system.Procs(path)
	if err != nil {
		return nil
	}
	for _, name := range t.system.Children(path) {
		pids = append(pids, t.all(filepath.Join(path, name))...)
	}
	return pids
}

// Remove removes the cgroup if no process is in it. That there is none is no error.
func (g *Group) Remove() error {
	if g.tree.base == "" {
		return nil
	}
	return g.tree.remove(g.Path())
}

// OOMKills is how many processes of the cgroup the kernel has killed for lack of memory.
func (g *Group) OOMKills() int {
	if g.tree.base == "" {
		return 0
	}
	n, _ := number(g.tree.system, g.file("memory.events"), "oom_kill")
	return int(n)
}

// Memory returns a function that reads the memory of the cgroup in bytes, without files that have not been used lately. It is not ok if
// that is not counted. Any goroutine may call it.
func (g *Group) Memory() func() (bytes uint64, ok bool) {
	system, dir := g.tree.system, g.Path()
	return func() (uint64, bool) {
		if dir == "" {
			return 0, false
		}
		used, ok := number(system, filepath.Join(dir, "memory.current"), "")
		unused, _ := number(system, filepath.Join(dir, "memory.stat"), "inactive_file")
		return used - min(used, unused), ok
	}
}

// number returns the number behind a word of a file, the only one if the word is empty. It is not ok if there is none.
func number(system System, path, word string) (n uint64, ok bool) {
	text, err := system.Read(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) > 0 && word != "" && fields[0] == word {
			fields = fields[1:]
		} else if word != "" {
			continue
		}
		if len(fields) == 1 {
			n, err := strconv.ParseUint(fields[0], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// WhenEmpty has f called in the loop, once, when no process is in the cgroup any more, also if that is so now. It replaces an earlier f.
// An error says that this cannot be known; f is not called then.
func (g *Group) WhenEmpty(f func(now time.Time)) error { return g.tree.watcher.add(g, f) }

// Forget has the function of WhenEmpty not called.
func (g *Group) Forget() { g.tree.watcher.forget(g) }
