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

// startShim starts the shim, which does the steps of spec one by one and then executes the command. It costs a millisecond
// more than fork and exec, but it can do every step, and it reports the one that failed, to the descriptor failure too, if that
// is not -1.
func startShim(spec Spec, failure int) (pid int, err error) {
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
