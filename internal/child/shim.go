package child

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The shim is our own executable, started as
//
//	supervisord \x01child report N STEP VALUE ... exec PATH NAME ARGUMENT ...
//
// in the environment and with the descriptors of the command, and descriptor N, the next one, for its report if it fails. Its own name for
// itself is no option of supervisord. With a DeathSignal, "parent PID" precedes the steps. So does
// "cgroup PATH", if fork could not make the child in its cgroup.
const (
	shimArg   = "\x01child"
	parentArg = "parent"
	cgroupArg = "cgroup"
	execArg   = "exec"
)

// parent is the process that has started the shim, as far as it has to know; 0: it has not.
var parent int

// startShim starts the shim, which does the steps of spec one by one and then executes the command. It costs a millisecond
// more than fork and exec, but it can do every step, and it reports the one that failed, to the descriptor failure too, if that
// is not -1.
func startShim(spec Spec, failure int) (pid int, err error) {
	if spec.Cgroup != nil {
		if pid, err = forkShim(spec, failure, ""); err == nil || isShortage(err) {
			return pid, err
		}
	}
	path := ""
	if spec.Cgroup != nil {
		path, spec.Cgroup = spec.Cgroup.Path, nil
	}
	return forkShim(spec, failure, path)
}

// forkShim starts the shim, which enters a cgroup first unless its path is empty.
func forkShim(spec Spec, failure int, cgroup string) (pid int, err error) {
	args := make([]string, 0, 8+2*len(spec.Steps)+len(spec.Args))
	args = append(args, "supervisord", shimArg)
	var more []int
	if failure >= 0 {
		args, more = append(args, reportArg, strconv.Itoa(len(spec.Files)+len(spec.More))), []int{failure}
	}
	if spec.step(deathSignalKind) != nil {
		args = append(args, parentArg, strconv.Itoa(os.Getpid()))
	}
	if cgroup != "" {
		args = append(args, cgroupArg, escape(cgroup))
	}
	for _, s := range spec.Steps {
		k := &kinds[s.kind()]
		args = append(args, k.name, escape(k.encode(s)))
	}
	args = append(args, execArg, escape(spec.Path))
	for _, arg := range spec.Args {
		args = append(args, escape(arg))
	}
	return forkExec(self, args, &spec, nil, more...)
}

// escape makes any string a valid argument. A NUL cannot be one, but it is the shim that must report it, with EINVAL.
func escape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "\x00", `\0`)
}

// unescape undoes escape.
var unescape = strings.NewReplacer(`\\`, `\`, `\0`, "\x00").Replace

// init makes this process the shim if it was started as one, and then does not return. It is done here because most packages are
// initialized after this one, which costs the shim more than all that it does.
func init() {
	if len(os.Args) > 1 && os.Args[1] == shimArg {
		mainOfShim(os.Args[2:])
	}
}

func mainOfShim(args []string) {
	runtime.LockOSThread() // some steps change the calling thread only, which must be the one that executes the command
	fd, args := reportTo(args)
	err := runShim(args)
	report(fd, err)
	fmt.Fprintf(os.Stderr, "supervisor: %v\nsupervisor: child process was not spawned\n", err)
	os.Exit(failedStart)
}

// runShim does the steps and executes the command. It returns only if one of them fails.
func runShim(args []string) error {
	if len(args) > 2 && args[0] == parentArg {
		parent, _ = strconv.Atoi(args[1]) // we have written it
		args = args[2:]
	}
	if len(args) > 2 && args[0] == cgroupArg {
		if err := enterCgroup(unescape(args[1])); err != nil {
			return err
		}
		args = args[2:]
	}
	steps, args, err := decodeSteps(args)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if first := kinds[s.kind()].first; first != nil {
			first()
		}
	}
	done := steps[:0]
	for _, s := range steps {
		switch err := do(s, kinds[s.kind()].run); {
		case err == nil:
			done = append(done, s)
		case required || !kinds[s.kind()].limit:
			return err
		default:
			fmt.Fprintf(os.Stderr, "supervisor: %v; going on without\n", err)
		}
	}
	path, args := args[0], args[1:]
	env := os.Environ()
	for _, s := range done {
		if last := kinds[s.kind()].last; last != nil {
			if err := do(s, last); err != nil {
				return err
			}
		}
	}
	err = syscall.Exec(path, args, env)
	return &execError{fmt.Sprintf("couldn't exec %s: %s", args[0], ErrnoName(err)), path, err}
}

// decodeSteps returns the steps in the arguments of a shim, and the path and the arguments of the command.
func decodeSteps(args []string) (steps []Step, command []string, err error) {
	for ; len(args) > 2 && args[0] != execArg; args = args[2:] {
		k := kindNamed(args[0])
		if k == nil {
			return nil, nil, fmt.Errorf("couldn't do unknown step %s", args[0])
		}
		step, err := k.decode(unescape(args[1]))
		if err != nil {
			return nil, nil, fmt.Errorf("couldn't read step %s: %w", args[0], err)
		}
		steps = append(steps, step)
	}
	if len(args) < 3 {
		return nil, nil, errors.New("couldn't read the command")
	}
	command = args[1:]
	for i, arg := range command {
		command[i] = unescape(arg)
	}
	return steps, command, nil
}

// do does a step, or a part of it. The error is what the child reports.
func do(s Step, run func(Step) error) error {
	err := run(s)
	if k := &kinds[s.kind()]; err != nil && k.limit {
		return fmt.Errorf("couldn't set %s to %s: %s", k.name, k.encode(s), ErrnoName(err))
	}
	return err
}

// enterCgroup moves this process to a cgroup.
func enterCgroup(path string) error {
	file, err := os.OpenFile(path+"/cgroup.procs", os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString("0")
		file.Close()
	}
	if err != nil {
		return fmt.Errorf("couldn't enter the cgroup %s: %s", path, ErrnoName(err))
	}
	return nil
}

// execError is a command that could not be executed. The text is the original's.
type execError struct {
	text string
	path string
	err  error
}

func (e *execError) Error() string { return e.text }

func kindNamed(name string) *kind {
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i]
		}
	}
	return nil
}

// ErrnoName is the symbolic name of the system error in err, such as "ENOENT"; for any other error its text.
func ErrnoName(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		if name := unix.ErrnoName(errno); name != "" {
			return name
		}
	}
	return err.Error()
}
