package process

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/state"
)

// Command is Find of the command that the process runs.
func (p *Process) Command() (path string, args []string, err error) {
	run, _ := p.current() // the start reports an error of a file
	return run.Find()
}

// current returns what the process runs, with the variables that its files have now. With an error, it has those of environment= alone.
func (p *Process) current() (config.Run, error) {
	run := p.Config.Run
	variables, err := p.Config.Variables()
	if err == nil {
		run.Environment = variables
	}
	return run, err
}

// spawn starts the child. Problem is empty, or the reason why there is no child, which is the spawn error that clients see;
// failed is then the event about it. Then the pipes and logs are closed again; the caller releases the sockets.
func (p *Process) spawn(now time.Time) (problem string, failed state.Kind) {
	p.start = now.Unix()
	p.spawnErr, p.exitStatus = "", 0
	spec := child.Spec{Steps: p.steps(false)}
	if p.role.Socket != nil {
		fd, err := p.role.Socket.Acquire()
		if err != nil {
			return err.Error(), failure(err)
		}
		p.holds, spec.Files[0] = true, fd
	}
	if l := p.listening(); l != nil {
		if err := l.acquire(&spec); err != nil {
			return err.Error(), failure(err)
		}
	}
	run, err := p.current()
	if err != nil {
		return err.Error(), state.SpawnFailed
	}
	path, args, err := run.Find()
	if err != nil {
		return err.Error(), state.SpawnFailed
	}
	leave, err := p.enterCgroup(&spec)
	if err != nil {
		return err.Error(), failure(err)
	}
	defer leave()
	spec.Path, spec.Args = path, args
	theirs, err := p.connect(&spec)
	if err == nil {
		spec.Env = p.childEnviron(run.Environment)
		p.pid, err = p.shared.Start(spec)
		if err != nil {
			problem = p.forkProblem(err)
		}
	} else {
		problem = p.connectProblem(err)
	}
	if problem == "" {
		p.past.counts.Starts++
		p.past.started = now
		p.shared.Spawned(p)
		// Before what the child writes, which waits for its PID if the log has marks.
		p.marked(output.Event{Name: markSpawned, PID: p.pid}).Infof("spawned: '%s' with pid %d", p.Name(), p.pid)
	}
	p.out.setPID(p.pid)
	p.err.setPID(p.pid)
	for _, fd := range theirs {
		unix.Close(fd)
	}
	if problem != "" {
		p.disconnect()
		return problem, failure(err)
	}
	if p.role.Handler != nil { // in STARTING already: a first result may be waiting
		p.role.Handler.Enable(p.stdin, now)
	}
	return "", 0
}

// failure is the event about a start without a child.
func failure(err error) state.Kind {
	for _, lack := range []error{syscall.EMFILE, syscall.ENFILE, syscall.EAGAIN, syscall.ENOMEM, syscall.ENOBUFS} {
		if errors.Is(err, lack) {
			return state.NoResources
		}
	}
	return state.SpawnFailed
}

// steps is what a child does before it executes the command, in the order in which fork and exec can do it too. A privileged
// one keeps the user and the limits of supervisord.
func (p *Process) steps(privileged bool) (steps []step.Step) {
	if p.user != nil && !privileged {
		steps = append(steps, p.user)
	}
	if p.Config.Run.Directory != "" {
		steps = append(steps, step.Directory(p.Config.Run.Directory))
	}
	if p.Config.Run.Umask >= 0 {
		steps = append(steps, step.Umask(p.Config.Run.Umask))
	}
	if limits := p.Config.Limits; len(limits) > 0 && !privileged {
		steps = step.Sort(append(steps, limits...))
		steps = supported(steps, step.Supported, func(key string) {
			p.Log().Warnf("%s of %s has no effect on this system", key, p.Name())
		})
	}
	return steps
}

// supported returns the steps that the system can do, and calls missing with the keys of the others.
func supported(steps []step.Step, can func(step.Step) bool, missing func(key string)) []step.Step {
	return slices.DeleteFunc(steps, func(s step.Step) bool {
		if can(s) {
			return false
		}
		missing(step.Key(s))
		return true
	})
}

func (p *Process) connectProblem(err error) string {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return fmt.Sprintf("too many open files to spawn '%s'", p.Name())
	}
	return fmt.Sprintf("unknown error making dispatchers for '%s': %s", p.Name(), child.ErrnoName(err))
}

func (p *Process) forkProblem(err error) string {
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return fmt.Sprintf("Too many processes in process table to spawn '%s'", p.Name())
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
		return fmt.Sprintf("too many open files to spawn '%s'", p.Name())
	}
	return fmt.Sprintf("unknown error during fork for '%s': %s", p.Name(), child.ErrnoName(err))
}

// connect opens the logs, makes the pipes for the child's standard descriptors and adds our ends to the pump. It returns the
// child's ends, also after an error: the caller closes them after the start.
func (p *Process) connect(spec *child.Spec) (theirs []int, err error) {
	if n := p.notify(); n != nil {
		if theirs, err = n.open(spec); err != nil {
			return theirs, err
		}
	}
	for fd, c := range []*channel{nil, &p.out, &p.err} {
		if fd == 0 && p.role.Socket != nil {
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
		if most := p.shared.MaxFD; most > 0 && max(our, their) > most { // the rest is kept for clients
			unix.Close(our)
			unix.Close(their)
			return theirs, syscall.EMFILE
		}
		theirs = append(theirs, their)
		spec.Files[fd] = their
		if c == nil {
			p.stdin = &stdin{fd: our}
		} else if err = c.read(our); err != nil {
			return theirs, err
		}
	}
	return theirs, nil
}

// disconnect drains and closes our ends of the pipes, and closes the logs.
func (p *Process) disconnect() {
	if p.stdin != nil {
		p.stdin.Close()
		p.stdin = nil
	}
	p.out.finish()
	p.err.finish()
	p.out.close()
	p.err.close()
	if n := p.notify(); n != nil {
		n.close()
	}
}

// childEnviron is environ, and the variables that only the child gets, not its helpers.
func (p *Process) childEnviron(configured map[string]string) []string {
	env := p.environ(configured, false)
	if n := p.notify(); n != nil {
		env = n.environ(env)
	}
	if l := p.listening(); l != nil {
		env = l.environ(env)
	}
	return env
}

// environ is the child's environment: ours, overridden by the variables that Supervisor sets, and those by the configured ones. A
// privileged child is not of the program's user, and gets nothing of that user's login.
func (p *Process) environ(configured map[string]string, privileged bool) []string {
	set := map[string]string{
		"SUPERVISOR_ENABLED":       "1",
		"SUPERVISOR_PROCESS_NAME":  p.Name(),
		"SUPERVISOR_GROUP_NAME":    p.Group,
		"SUPERVISOR_PROCESS_GROUP": p.Group,
	}
	if url := p.serverURL(); url != "" {
		set["SUPERVISOR_SERVER_URL"] = url
	}
	maps.Copy(set, p.role.ExtraEnv)
	if !privileged {
		maps.Copy(set, p.Config.LoginVariables())
	}
	maps.Copy(set, configured)
	env := make([]string, 0, len(p.shared.Environ)+len(set))
	for _, kv := range p.shared.Environ {
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
	return p.shared.ServerURL
}
