// Package step has the changes that a child makes to itself before it executes its command, and the shim, which makes them: our own
// executable between fork and exec. It never starts a process; package child does. Any goroutine may call it.
//
// A process that is started as the shim takes this role when this package is initialized, and never gets to main. So the package imports
// little: other packages are initialized before those that import them, which takes longer than all that the shim does.
package step

import (
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
	encode func(Step) string
	decode func(kind int, text string) (Step, error)
	// run does the step in the shim. The error is a *Failure, or a system error if the message names the key and the value. Nil: this system
	// cannot do it.
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
	limit  bool // the child may go on without the step, see Required
}

// kinds has all kinds of steps. To add one, write its type and its entry here, and its case in the tests of package child. All is constant,
// so that nothing of it is built in each shim. The name is that of the shim's command line; of a limit, the key of a program.
var kinds = [Kinds]struct {
	name string
	*kind
}{
	requiredKind:    {"limits_required", &kind{encode: encodeFlag[Required], decode: decodeFlag[Required], run: setRequired, fork: nothing, limit: true}},
	oomScoreKind:    {"oom_score_adj", &kind{encode: encodeNumber[OOMScore], decode: decodeNumber[OOMScore], run: setOOMScore, limit: true}},
	firstRlimitKind: {"rlimit_as", rlimitKind}, {"rlimit_core", rlimitKind}, {"rlimit_cpu", rlimitKind}, {"rlimit_data", rlimitKind},
	{"rlimit_fsize", rlimitKind}, {"rlimit_memlock", rlimitKind}, {"rlimit_msgqueue", rlimitKind}, {"rlimit_nice", rlimitKind},
	{"rlimit_nofile", rlimitKind}, {"rlimit_nproc", rlimitKind}, {"rlimit_rss", rlimitKind}, {"rlimit_rtprio", rlimitKind},
	{"rlimit_rttime", rlimitKind}, {"rlimit_sigpending", rlimitKind}, {"rlimit_stack", rlimitKind},
	niceKind:       {"nice", &kind{encode: encodeNumber[Nice], decode: decodeNumber[Nice], run: setNice, limit: true}},
	ioPriorityKind: {"ionice", &kind{encode: encodeText, decode: decodeIOPriority, run: setIOPriority, limit: true}},
	affinityKind:   {"cpu_affinity", &kind{encode: encodeAffinity, decode: decodeAffinity, run: setAffinity, limit: true}},
	boundingKind:   {"capabilities_bounding", &kind{encode: encodeText, decode: decodeBounding, run: setBounding, limit: true}},
	userKind:       {"user", &kind{encode: encodeUser, decode: decodeUser, run: switchUser, fork: forkUser, forks: forksUser}},
	capabilitiesKind: {"capabilities", &kind{encode: encodeText, decode: decodeCapabilities, first: keepCapabilities, run: setCapabilities,
		fork: forkCapabilities, forks: forksCapabilities, limit: true}},
	noNewPrivsKind: {"no_new_privs", &kind{encode: encodeFlag[NoNewPrivs], decode: decodeFlag[NoNewPrivs], run: setNoNewPrivs, fork: nothing,
		forks: func(s Step, _ []Step) bool { return !bool(s.(NoNewPrivs)) }, limit: true}},
	deathSignalKind: {"pdeathsig", &kind{encode: encodeNumber[DeathSignal], decode: decodeNumber[DeathSignal], run: setDeathSignal, fork: forkDeathSignal,
		forks: func(_ Step, all []Step) bool { return find(all, umaskKind) == nil }, limit: true}}, // not in the isolated thread
	directoryKind: {"directory", &kind{
		encode: func(s Step) string { return string(s.(Directory)) },
		decode: func(_ int, text string) (Step, error) { return Directory(text), nil },
		run: func(s Step) error {
			if err := syscall.Chdir(string(s.(Directory))); err != nil {
				return &Failure{What: "couldn't chdir to " + string(s.(Directory)), Err: err}
			}
			return nil
		},
		fork: func(s Step, attr *syscall.ProcAttr) { attr.Dir = string(s.(Directory)) }}},
	umaskKind: {"umask", &kind{
		encode: encodeNumber[Umask], decode: decodeNumber[Umask],
		run: func(s Step) error { syscall.Umask(int(s.(Umask))); return nil },
		thread: func(s Step) (undo func()) {
			before := syscall.Umask(int(s.(Umask)))
			return func() { syscall.Umask(before) }
		}}},
	listenPIDKind: {"listenpid", &kind{
		encode: func(Step) string { return "" },
		decode: func(int, string) (Step, error) { return ListenPID{}, nil },
		run:    func(Step) error { return os.Setenv(ListenPIDVariable, strconv.Itoa(os.Getpid())) }}},
}

// rlimitKind is the kind of all resource limits.
var rlimitKind = &kind{encode: encodeText, decode: decodeRlimit, run: raiseHardLimit, last: setRlimit, limit: true}

// encodeText encodes a step that knows its text.
func encodeText(s Step) string { return s.(interface{ String() string }).String() }

// nothing is what fork does for a step of which nothing is left to do.
func nothing(Step, *syscall.ProcAttr) {}

type number interface {
	Step
	~int
}

func encodeNumber[T number](s Step) string { return strconv.Itoa(int(s.(T))) }

func decodeNumber[T number](_ int, text string) (Step, error) {
	n, err := strconv.Atoi(text)
	return T(n), err
}

type flag interface {
	Step
	~bool
}

func encodeFlag[T flag](s Step) string { return strconv.FormatBool(bool(s.(T))) }

func decodeFlag[T flag](_ int, text string) (Step, error) {
	on, err := strconv.ParseBool(text)
	return T(on), err
}

// Supported reports whether this system can do a step.
func Supported(s Step) bool {
	if r, is := s.(Rlimit); is && resources[r.Resource].number < 0 {
		return false
	}
	return kinds[s.kind()].run != nil
}

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

// decode reads a step of a kind.
func decode(name, text string) (s Step, known bool, err error) {
	for i := range kinds {
		if kinds[i].name == name {
			s, err = kinds[i].decode(i, text)
			return s, true, err
		}
	}
	return nil, false, nil
}
