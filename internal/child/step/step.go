// Package step has the changes that a child makes to itself before it executes its command, and the shim, which makes them: our own
// executable between fork and exec.
//
// A program that is started as the shim is it from the initialization of this package on, and never gets to main. So this package
// imports little, and is initialized before most others: what they would cost is more than all that the shim does. It never starts
// a process; package child does. Only the shim has one goroutine, elsewhere any may call what is exported here.
package step

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"syscall"
)

// Step is a change that a child makes to itself before it executes its command. Its types are those of this package with a method kind.
type Step interface {
	kind() int // index in kinds
}

// Directory is the directory to change to.
type Directory string

// Umask is the file mode creation mask to set.
type Umask int

// ListenPID sets LISTEN_PID to the process id of the child, which no other process knows before it exists.
type ListenPID struct{}

// ListenPIDVariable is the variable that ListenPID sets. Source: sd_listen_fds(3).
const ListenPIDVariable = "LISTEN_PID"

// The kinds of steps, in the order in which syscall.ForkExec does them and in which a start should list them.
const (
	requiredKind = iota
	oomScoreKind
	firstRlimitKind
)

const (
	niceKind = firstRlimitKind + resourceCount + iota
	ioPriorityKind
	affinityKind
	boundingKind
	userKind
	capabilitiesKind
	noNewPrivsKind
	deathSignalKind
	directoryKind
	umaskKind
	listenPIDKind
	// Kinds is the number of kinds of steps.
	Kinds
)

func (Directory) kind() int { return directoryKind }
func (Umask) kind() int     { return umaskKind }
func (ListenPID) kind() int { return listenPIDKind }

// kind is one kind of step: how the shim learns of it and does it, and whether a cheaper start can do it. A kind has fork
// or thread, or neither if only the shim can do it.
type kind struct {
	name   string // on the shim's command line; of a limit, the key of a program
	encode func(Step) string
	decode func(string) (Step, error)
	// run does the step in the shim. The error is what the child reports. Nil: this system cannot do it.
	run func(Step) error
	// first is done in the shim before all steps.
	first func()
	// last is done in the shim after all steps, right before it executes the command: what it takes may be what the shim needs.
	last func(Step) error
	// fork has syscall.ForkExec do the step in the child, if forks is nil or says that it can, among all steps of the child.
	fork  func(Step, *syscall.ProcAttr)
	forks func(s Step, all []Step) bool
	// thread changes the isolated thread, from which the child inherits, and returns what changes it back. The result must
	// not depend on earlier steps.
	thread func(Step) (undo func())
	limit  bool // the errors are system errors, and the child may go on without the step, see Required
}

// kinds has all kinds of steps. To add one, write its type and its entry here, and its case in the tests of package child.
var kinds = func() (all [Kinds]kind) {
	copy(all[:], limitKinds())
	all[userKind] = kind{
		name: "user", encode: encodeUser, decode: decodeUser,
		run:   func(s Step) error { return switchUser(s.(*User)) },
		fork:  func(s Step, attr *syscall.ProcAttr) { attr.Sys.Credential = s.(*User).credential() },
		forks: func(Step, []Step) bool { return os.Geteuid() == 0 },
	}
	all[directoryKind] = kind{
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
	}
	all[umaskKind] = kind{
		name:   "umask",
		encode: func(s Step) string { return strconv.Itoa(int(s.(Umask))) },
		decode: decodeNumber[Umask],
		run:    func(s Step) error { syscall.Umask(int(s.(Umask))); return nil },
		thread: func(s Step) (undo func()) {
			before := syscall.Umask(int(s.(Umask)))
			return func() { syscall.Umask(before) }
		},
	}
	all[listenPIDKind] = kind{
		name:   "listenpid",
		encode: func(Step) string { return "" },
		decode: func(string) (Step, error) { return ListenPID{}, nil },
		run:    func(Step) error { return os.Setenv(ListenPIDVariable, strconv.Itoa(os.Getpid())) },
	}
	return all
}()

// decodeNumber decodes a step that is a number.
func decodeNumber[T interface {
	Step
	~int
}](value string) (Step, error) {
	n, err := strconv.Atoi(value)
	return T(n), err
}

// Supported reports whether this system can do a step.
func Supported(s Step) bool { return kinds[s.kind()].run != nil }

// Key returns the key of a program of which a step is the value. The steps of user=, directory= and umask= are named so, too.
func Key(s Step) string { return kinds[s.kind()].name }

// Sort sorts steps into the order in which a start should list them, and returns them.
func Sort(steps []Step) []Step {
	slices.SortStableFunc(steps, func(a, b Step) int { return a.kind() - b.kind() })
	return steps
}

// HasDeathSignal reports whether there is a DeathSignal among the steps. The thread of package parentthread starts a child that has one.
func HasDeathSignal(steps []Step) bool { return find(steps, deathSignalKind) != nil }

// find returns the step of a kind, nil if there is none.
func find(steps []Step, kind int) Step {
	for _, s := range steps {
		if s.kind() == kind {
			return s
		}
	}
	return nil
}

func kindNamed(name string) *kind {
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i]
		}
	}
	return nil
}
