package process

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/shlex"
)

// CommandReason says why a command cannot be run.
type CommandReason int

const (
	NotFound CommandReason = iota
	NotExecutable
)

// CommandError is a command that cannot be run. Text is the original's; it names the command.
type CommandError struct {
	Reason CommandReason
	Text   string
}

func (e *CommandError) Error() string { return e.Text }

// Command splits the command into words and finds the file to execute, as it is on the disk now. The error is a
// *CommandError. Source: startProcess, NO_FILE and NOT_EXECUTABLE.
func (p *Process) Command() (path string, args []string, err error) {
	args, err = shlex.Split(p.Config.Run.Command)
	if err != nil {
		text := fmt.Sprintf("can't parse command %s: %v", pyrepr.Quote(p.Config.Run.Command), err)
		return "", nil, &CommandError{NotExecutable, text}
	}
	if len(args) == 0 {
		return "", nil, &CommandError{NotExecutable, "command is empty"}
	}
	path, info := p.find(args[0])
	refuse := func(reason CommandReason, format string) (string, []string, error) {
		return "", nil, &CommandError{reason, fmt.Sprintf(format, pyrepr.Quote(path))}
	}
	switch {
	case info == nil:
		return refuse(NotFound, "can't find command %s")
	case info.IsDir():
		return refuse(NotExecutable, "command at %s is a directory")
	case info.Mode()&0o111 == 0:
		return refuse(NotExecutable, "command at %s is not executable")
	case unix.Access(path, unix.X_OK) != nil:
		return refuse(NotExecutable, "no permission to run command %s")
	}
	return path, args, nil
}

// find looks name up in PATH, its program's own if it has one, unless it holds a slash. The first file of that name
// counts, whatever it is. Info is nil if there is none.
func (p *Process) find(name string) (path string, info os.FileInfo) {
	if strings.Contains(name, "/") {
		info, _ = os.Stat(name)
		return name, info
	}
	search, own := p.Config.Run.Environment["PATH"]
	if !own {
		search = os.Getenv("PATH")
	}
	if search == "" {
		search = "/bin:/usr/bin:/usr/local/bin"
	}
	for _, dir := range strings.Split(search, ":") {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil {
			return path, info
		}
	}
	return name, nil
}

// spawn starts the child. Problem is empty, or says why there is none, in the words that clients see; then nothing of
// the attempt is left.
func (p *Process) spawn(now time.Time) (problem string) {
	p.start = now.Unix()
	p.spawnErr, p.exitStatus = "", 0
	spec := child.Spec{Dir: p.Config.Run.Directory, Umask: p.Config.Run.Umask, User: p.user}
	if p.socket != nil {
		fd, err := p.socket.Acquire()
		if err != nil {
			return err.Error()
		}
		p.holds, spec.Files[0] = true, fd
	}
	path, args, err := p.Command()
	if err != nil {
		return err.Error()
	}
	spec.Path, spec.Args, spec.Env = path, args, p.environ()
	theirs, err := p.connect(&spec)
	if err == nil {
		p.pid, err = p.host.Start(spec)
		if err != nil {
			problem = p.forkProblem(err)
		}
	} else {
		problem = p.connectProblem(err)
	}
	p.out.started(p.pid)
	p.err.started(p.pid)
	for _, fd := range theirs {
		unix.Close(fd)
	}
	if problem != "" {
		p.disconnect()
		return problem
	}
	p.host.Spawned(p)
	p.host.Log.Infof("spawned: '%s' with pid %d", p.Name(), p.pid)
	if p.judge != nil { // it need not be RUNNING: the first result may wait already
		p.judge.Enable(p.stdin, now)
	}
	return ""
}

func (p *Process) connectProblem(err error) string {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return fmt.Sprintf("too many open files to spawn '%s'", p.Name())
	}
	return fmt.Sprintf("unknown error making dispatchers for '%s': %s", p.Name(), errnoName(err))
}

func (p *Process) forkProblem(err error) string {
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return fmt.Sprintf("Too many processes in process table to spawn '%s'", p.Name())
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
		return fmt.Sprintf("too many open files to spawn '%s'", p.Name())
	}
	return fmt.Sprintf("unknown error during fork for '%s': %s", p.Name(), errnoName(err))
}

// errnoName is the symbolic name of the system error inside err.
func errnoName(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return child.ErrnoName(errno)
	}
	return err.Error()
}

// connect opens the logs, makes the child's standard descriptors and has our ends watched. It returns the child's ends,
// also after an error: the caller closes them when the start is over.
func (p *Process) connect(spec *child.Spec) (theirs []int, err error) {
	for fd, c := range []*channel{nil, &p.out, &p.err} {
		if fd == 0 && p.socket != nil {
			continue
		}
		if fd == 2 && p.Config.RedirectErr {
			spec.Files[2] = spec.Files[1]
			break
		}
		if c != nil {
			if err := c.open(); err != nil {
				return theirs, err
			}
		}
		our, their, err := child.Pipe(fd > 0)
		if err != nil {
			return theirs, err
		}
		if most := p.host.MaxFD; most > 0 && max(our, their) > most { // the rest is for those who ask what is wrong
			unix.Close(our)
			unix.Close(their)
			return theirs, syscall.EMFILE
		}
		theirs = append(theirs, their)
		spec.Files[fd] = their
		if c == nil {
			p.stdin = &stdin{fd: our}
		} else if c.pipe, err = p.host.Pump.Add(our, c); err != nil {
			return theirs, err
		}
	}
	return theirs, nil
}

// disconnect closes our ends of the pipes, after taking what they hold, and the logs.
func (p *Process) disconnect() {
	if p.stdin != nil {
		p.stdin.Close()
		p.stdin = nil
	}
	p.out.finish()
	p.err.finish()
	p.out.close()
	p.err.close()
}

// environ is the child's environment: ours, then what Supervisor says, then environment=.
func (p *Process) environ() []string {
	set := map[string]string{
		"SUPERVISOR_ENABLED":       "1",
		"SUPERVISOR_PROCESS_NAME":  p.Name(),
		"SUPERVISOR_GROUP_NAME":    p.Group,
		"SUPERVISOR_PROCESS_GROUP": p.Group,
	}
	if url := p.serverURL(); url != "" {
		set["SUPERVISOR_SERVER_URL"] = url
	}
	maps.Copy(set, p.told)
	maps.Copy(set, p.Config.Run.Environment)
	env := make([]string, 0, len(p.host.Environ)+len(set))
	for _, kv := range p.host.Environ {
		if k, _, _ := strings.Cut(kv, "="); !has(set, k) {
			env = append(env, kv)
		}
	}
	for k, v := range set {
		env = append(env, k+"="+v)
	}
	return env
}

func has(set map[string]string, key string) bool { _, ok := set[key]; return ok }

func (p *Process) serverURL() string {
	if p.Config.Run.ServerURL != "" {
		return p.Config.Run.ServerURL
	}
	return p.host.ServerURL
}
