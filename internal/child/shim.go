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
// itself is no option of supervisord.
const (
	shimArg = "\x01child"
	execArg = "exec"
)

// mainCalled is set by Main, before anything else happens.
var mainCalled bool

// needMain ends a program whose main does not call Main. The shim would be that program once more, which would start the next one, and
// so on: no recovered panic or error may hide that.
func needMain() {
	if !mainCalled {
		fmt.Fprintf(os.Stderr, "%s cannot start children: main, or TestMain, must call child.Main first\n", os.Args[0])
		os.Exit(2)
	}
}

// startShim starts the shim, which does the steps of spec one by one and then executes the command. It costs a millisecond
// more than fork and exec, but it can do every step, and it reports the one that failed, to the descriptor failure too, if that
// is not -1.
func startShim(spec Spec, failure int) (pid int, err error) {
	needMain()
	args := make([]string, 0, 6+2*len(spec.Steps)+len(spec.Args))
	args = append(args, "supervisord", shimArg)
	var more []int
	if failure >= 0 {
		args, more = append(args, reportArg, strconv.Itoa(len(spec.Files)+len(spec.More))), []int{failure}
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

// Main makes this process the shim if it was started as one, and then does not return. It must be the first call in main,
// and in TestMain of packages whose tests start children: without it a start through the shim ends the program.
func Main() {
	mainCalled = true
	if len(os.Args) < 2 || os.Args[1] != shimArg {
		return
	}
	runtime.LockOSThread() // some steps change the calling thread only, which must be the one that executes the command
	fd, args := reportTo(os.Args[2:])
	err := runShim(args)
	report(fd, err)
	fmt.Fprintf(os.Stderr, "supervisor: %v\nsupervisor: child process was not spawned\n", err)
	os.Exit(failedStart)
}

// runShim does the steps and executes the command. It returns only if one of them fails.
func runShim(args []string) error {
	unescape := strings.NewReplacer(`\\`, `\`, `\0`, "\x00").Replace
	for ; len(args) > 2 && args[0] != execArg; args = args[2:] {
		k := kindNamed(args[0])
		if k == nil {
			return fmt.Errorf("couldn't do unknown step %s", args[0])
		}
		step, err := k.decode(unescape(args[1]))
		if err != nil {
			return fmt.Errorf("couldn't read step %s: %w", args[0], err)
		}
		if err := k.run(step); err != nil {
			return err
		}
	}
	if len(args) < 3 {
		return errors.New("couldn't read the command")
	}
	path, args := unescape(args[1]), args[2:]
	for i, arg := range args {
		args[i] = unescape(arg)
	}
	err := syscall.Exec(path, args, os.Environ())
	return &execError{fmt.Sprintf("couldn't exec %s: %s", args[0], ErrnoName(err)), path, err}
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
