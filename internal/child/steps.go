package child

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Step is a change that a child makes to itself before it executes its command. Its types are Nice, User, Directory and Umask.
type Step interface {
	kind() int // index in kinds
}

// User is a switch to another user for good. It fails for any user but ours unless we are root.
type User struct {
	UID, GID int
	Groups   []int // supplementary
}

// Directory is the directory to change to.
type Directory string

// Umask is the file mode creation mask to set.
type Umask int

// Nice is the scheduling priority to set, -20 (most favorable) to 19. Less than ours needs root.
type Nice int

const (
	niceKind = iota
	userKind
	directoryKind
	umaskKind
	// StepKinds is the number of kinds of steps.
	StepKinds
)

func (Nice) kind() int      { return niceKind }
func (*User) kind() int     { return userKind }
func (Directory) kind() int { return directoryKind }
func (Umask) kind() int     { return umaskKind }

// kind is one kind of step: how the shim learns of it and does it, and whether a cheaper start can do it. A kind has fork
// or thread, or neither if only the shim can do it.
type kind struct {
	name   string // on the shim's command line
	encode func(Step) string
	decode func(string) (Step, error)
	// run does the step in the shim. The error is what the child reports.
	run func(Step) error
	// fork has syscall.ForkExec do the step in the child.
	fork     func(Step, *syscall.ProcAttr)
	forkRoot bool // fork does it as root only
	// thread changes the isolated thread, from which the child inherits, and returns what changes it back. The result must
	// not depend on earlier steps.
	thread func(Step) (undo func())
}

// kinds has all kinds of steps, in the order in which syscall.ForkExec does them and in which a start should list them. To
// add one, write its type and its entry here, and its case in TestSteps.
var kinds = [StepKinds]kind{
	niceKind: {
		name: "nice", encode: func(s Step) string { return strconv.Itoa(int(s.(Nice))) },
		decode: func(value string) (Step, error) {
			n, err := strconv.Atoi(value)
			return Nice(n), err
		},
		run: func(s Step) error {
			if err := unix.Setpriority(unix.PRIO_PROCESS, 0, int(s.(Nice))); err != nil {
				return fmt.Errorf("couldn't set nice to %d: %s", s, ErrnoName(err))
			}
			return nil
		},
	},
	userKind: {
		name: "user", encode: encodeUser, decode: decodeUser,
		run: func(s Step) error { return switchUser(s.(*User)) },
		fork: func(s Step, attr *syscall.ProcAttr) {
			u := s.(*User)
			c := &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID), Groups: make([]uint32, len(u.Groups))}
			for i, g := range u.Groups {
				c.Groups[i] = uint32(g)
			}
			attr.Sys.Credential = c
		},
		forkRoot: true,
	},
	directoryKind: {
		name:   "directory",
		encode: func(s Step) string { return string(s.(Directory)) },
		decode: func(value string) (Step, error) { return Directory(value), nil },
		run: func(s Step) error {
			if err := syscall.Chdir(string(s.(Directory))); err != nil {
				return fmt.Errorf("couldn't chdir to %s: %s", s, ErrnoName(err))
			}
			return nil
		},
		fork: func(s Step, attr *syscall.ProcAttr) { attr.Dir = string(s.(Directory)) },
	},
	umaskKind: {
		name:   "umask",
		encode: func(s Step) string { return strconv.Itoa(int(s.(Umask))) },
		decode: func(value string) (Step, error) {
			n, err := strconv.Atoi(value)
			return Umask(n), err
		},
		run: func(s Step) error { syscall.Umask(int(s.(Umask))); return nil },
		thread: func(s Step) (undo func()) {
			before := syscall.Umask(int(s.(Umask)))
			return func() { syscall.Umask(before) }
		},
	},
}

// InOrder sorts steps into the order in which a start should list them, and returns them.
func InOrder(steps []Step) []Step {
	slices.SortStableFunc(steps, func(a, b Step) int { return a.kind() - b.kind() })
	return steps
}

// way is a way to start a child. The cheapest comes first.
type way int

const (
	byFork   way = iota // fork and exec do all steps, whichever thread calls them
	byThread            // the isolated thread does some steps before it forks
	byShim              // our own executable does the steps one by one
)

// way returns the cheapest way that does all steps, in their order. Nothing else decides this.
func (s *Spec) way() way {
	w, last := byFork, -1
	for _, step := range s.Steps {
		k := step.kind()
		if k <= last { // fork would do them in the order of kinds
			return byShim
		}
		w, last = max(w, kinds[k].way()), k
	}
	return w
}

func (k *kind) way() way {
	switch {
	case k.fork != nil && (!k.forkRoot || os.Geteuid() == 0):
		return byFork
	case k.thread != nil:
		return byThread
	}
	return byShim
}

func encodeUser(s Step) string {
	u := s.(*User)
	ids := []string{strconv.Itoa(u.UID), strconv.Itoa(u.GID)}
	for _, g := range u.Groups {
		ids = append(ids, strconv.Itoa(g))
	}
	return strings.Join(ids, " ")
}

func decodeUser(value string) (Step, error) {
	var ids []int
	for _, field := range strings.Fields(value) {
		id, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if len(ids) < 2 {
		return nil, fmt.Errorf("no group in %q", value)
	}
	return &User{ids[0], ids[1], ids[2:]}, nil
}

// switchUser switches to u for good. The errors are the original's. Source: supervisor.options.drop_privileges.
func switchUser(u *User) error {
	failed := func(why string) error { return fmt.Errorf("couldn't setuid to %d: %s", u.UID, why) }
	switch os.Getuid() {
	case u.UID:
		return nil
	case 0:
	default:
		return failed("Can't drop privilege as nonroot user")
	}
	if err := syscall.Setgroups(u.Groups); err != nil {
		return failed("Could not set groups of effective user")
	}
	if err := syscall.Setgid(u.GID); err != nil {
		return failed("Could not set group id of effective user")
	}
	if err := syscall.Setuid(u.UID); err != nil {
		return failed("Could not set user id of effective user")
	}
	return nil
}
