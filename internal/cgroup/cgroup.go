// Package cgroup gives processes cgroups of their own, below that of supervisord (cgroup v2 of Linux): it finds the base, makes and
// removes cgroups, sets their limits, signals and kills what is in them, and counts what the kernel has killed for lack of memory. It
// decides nothing about processes. Only the loop of supervisord may call what is here, unless a comment says otherwise, and nothing in it
// waits, but Change.Write: the files are memory of the kernel.
package cgroup

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// The values of [supervisord] cgroup= that are no path.
const (
	Auto     = "auto"     // cgroups, if that of supervisord is delegated to it
	Off      = "off"      // no cgroups
	Required = "required" // processes that need one are not started without
)

// leaf is the cgroup of supervisord itself below the base, because a cgroup with controllers may hold no process.
const leaf = "supervisord"

// Options is what a Tree is made from.
type Options struct {
	Setting  string // value of [supervisord] cgroup=; empty: Auto
	Launcher int    // the process that has started this one, and waits for it, in order to have it in the background; 0: none
	// Send has f run in the loop. It returns false if the loop has ended. Any goroutine may call it.
	Send func(f func(now time.Time)) bool
	// Log is called when the base is known: where programs get their cgroups.
	Log    func(text string)
	System System // nil: this one
}

// Tree is the cgroups of one supervisord. Nothing of the system is looked at before Open.
type Tree struct {
	options Options
	system  System
	base    string // path; empty: there is none
	problem error  // why there is none
	opened  bool
	enabled []string // the controllers that it has given to the cgroups below the base
	watcher watcher
	writers chan struct{} // holds one for each change of limits that the kernel works on
}

// New returns a Tree that is not open.
func New(o Options) *Tree {
	t := &Tree{options: o, system: o.System, writers: make(chan struct{}, budget.LimitChanges.Limit)}
	if t.system == nil {
		t.system = kernel{}
	}
	return t
}

// Required reports whether processes must not be started without their cgroups.
func (t *Tree) Required() bool {
	return t.options.Setting != "" && t.options.Setting != Auto && t.options.Setting != Off
}

// Open finds the base, and moves supervisord out of it, if that has not been done. An error says why there are no cgroups; it remains.
func (t *Tree) Open() error {
	if t.opened {
		return t.problem
	}
	t.opened = true
	base, err := t.find()
	if err == nil {
		err = t.vacate(base)
	}
	if err != nil {
		t.problem = err
		return err
	}
	t.base = base
	t.sweep()
	t.options.Log("cgroup: programs below " + base)
	return nil
}

// errOff is why there are no cgroups with cgroup=off.
var errOff = errors.New("[supervisord] has cgroup=off")

// IsOff reports whether an error of Open is that the configuration wants no cgroups.
func IsOff(err error) bool { return errors.Is(err, errOff) }

// find returns the path of the base.
func (t *Tree) find() (base string, err error) {
	if t.options.Setting == Off {
		return "", errOff
	}
	own, hybrid, ownErr := t.own()
	switch setting := t.options.Setting; {
	case strings.HasPrefix(setting, "/"):
		if base, err = filepath.EvalSymlinks(setting); err != nil || !t.system.IsCgroup(base) {
			return "", fmt.Errorf("%s is no cgroup of version 2", setting)
		}
	case ownErr != nil:
		return "", ownErr
	case hybrid:
		return "", errors.New("this system uses version 1 of cgroups")
	default:
		base = own
		if parent := filepath.Dir(own); t.system.IsCgroup(parent) && (filepath.Base(own) == leaf || t.system.Delegated(parent)) {
			base = parent
		}
	}
	return base, t.check(base, own)
}

// check reports why supervisord, whose own cgroup is given, may not use a base.
func (t *Tree) check(base, own string) error {
	for _, file := range []string{"cgroup.procs", "cgroup.subtree_control"} {
		if err := t.system.Writable(filepath.Join(base, file)); err != nil {
			return fmt.Errorf("%s is not delegated to supervisord: cannot write %s: %s", base, file, errnoName(err))
		}
	}
	pids, err := t.system.Procs(base)
	if err != nil {
		return fmt.Errorf("cannot read the processes of %s: %s", base, errnoName(err))
	}
	for _, pid := range pids {
		if !t.ours(pid) {
			return fmt.Errorf("%s is not delegated to supervisord: process %d is in it, too", base, pid)
		}
	}
	if own == base {
		return nil
	}
	pids, _ = t.system.Procs(own)
	for pid := range t.ancestors(t.system.Self()) { // another supervisord that has made its own leaf would be in the way
		if pid != t.options.Launcher && slices.Contains(pids, pid) && filepath.Dir(own) == base {
			return fmt.Errorf("%s is used by process %d, which has started this supervisord", base, pid)
		}
	}
	return nil
}

// ours reports whether a process is supervisord, descends from it, or has started it in the background.
func (t *Tree) ours(pid int) bool {
	self := t.system.Self()
	if pid == self || pid != 0 && pid == t.options.Launcher {
		return true
	}
	for ancestor := range t.ancestors(pid) {
		if ancestor == self {
			return true
		}
	}
	return false
}

// maxDepth is how many parents are looked at.
const maxDepth = 100

// ancestors yields the parent of a process, its parent, and so on.
func (t *Tree) ancestors(pid int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for range maxDepth {
			if pid = t.system.Parent(pid); pid <= 0 || !yield(pid) {
				return
			}
		}
	}
}

// moveRounds is how often processes that appear while others are moved are looked for.
const moveRounds = 100

// vacate moves all processes out of the base. It may have none if it is to have controllers.
func (t *Tree) vacate(base string) error {
	for range moveRounds {
		pids, err := t.system.Procs(base)
		if err != nil || len(pids) == 0 {
			return err
		}
		to := filepath.Join(base, leaf)
		if err := t.system.Mkdir(to); err != nil && !errors.Is(err, syscall.EEXIST) {
			return fmt.Errorf("cannot make %s: %s", to, errnoName(err))
		}
		for _, pid := range pids {
			err := t.system.Write(filepath.Join(to, "cgroup.procs"), fmt.Sprint(pid))
			if err != nil && !errors.Is(err, syscall.ESRCH) { // it has just ended
				return fmt.Errorf("cannot move process %d to %s: %s", pid, to, errnoName(err))
			}
		}
	}
	return fmt.Errorf("cannot move all processes out of %s: new ones appear", base)
}

// sweep removes what an earlier supervisord has left: cgroups of processes in which nothing runs.
func (t *Tree) sweep() {
	for _, name := range t.system.Children(t.base) {
		if name != leaf && strings.Contains(name, ".") {
			_ = t.remove(filepath.Join(t.base, name)) // one that is in use remains
		}
	}
}

// remove removes a cgroup and those below it, which programs may have made.
func (t *Tree) remove(path string) error {
	err := t.system.Rmdir(path)
	if err == nil || errors.Is(err, syscall.ENOENT) {
		return nil
	}
	if !t.empty(path) {
		return err
	}
	for _, name := range t.system.Children(path) {
		if err := t.remove(filepath.Join(path, name)); err != nil {
			return err
		}
	}
	if err = t.system.Rmdir(path); errors.Is(err, syscall.ENOENT) {
		return nil
	}
	return err
}

// empty reports whether no process is in a cgroup, or below it.
func (t *Tree) empty(path string) bool {
	text, err := t.system.Read(filepath.Join(path, "cgroup.events"))
	return err != nil || !strings.Contains("\n"+text, "\npopulated 1")
}

// Close ends what waits for the ends of processes. It takes the controllers back, if no cgroup with limits is left: else a service manager
// could not start the next supervisord in the base.
func (t *Tree) Close() {
	t.watcher.close()
	for _, c := range t.enabled {
		_ = t.system.Write(filepath.Join(t.base, "cgroup.subtree_control"), "-"+c) // EBUSY: a cgroup has its own use of it
	}
	t.enabled = nil
}
