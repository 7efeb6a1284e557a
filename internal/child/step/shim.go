package step

import (
	"fmt"
	"os"
	"syscall"
)

// parent is the process that has started the shim, as far as it has to know; 0: it has not.
var parent int

// init makes this process the shim if it was started as one, and then does not return. It is called in the main thread of the process,
// as all such functions are. So steps that change the calling thread only change the one that executes the command.
func init() {
	if len(os.Args) > 1 && os.Args[1] == shimArg {
		mainOfShim(os.Args[2:])
	}
}

func mainOfShim(args []string) {
	c, err := parse(args)
	if c.Report > 2 {
		syscall.CloseOnExec(c.Report)
	}
	if err == nil {
		err = c.run()
	}
	report(c.Report, err)
	fmt.Fprintf(os.Stderr, "supervisor: %v\nsupervisor: child process was not spawned\n", err)
	os.Exit(FailedStart)
}

// run does the steps and executes the command. It returns only if one of them fails.
func (c *Command) run() error {
	parent = c.parent
	if c.Cgroup != "" {
		if err := enterCgroup(c.Cgroup); err != nil {
			return err
		}
	}
	for _, s := range c.Steps {
		if first := kinds[s.kind()].first; first != nil {
			first()
		}
	}
	done := c.Steps[:0]
	for _, s := range c.Steps {
		switch err := do(s, kinds[s.kind()].run); {
		case err == nil:
			done = append(done, s)
		case required || !kinds[s.kind()].limit:
			return err
		default:
			fmt.Fprintf(os.Stderr, "supervisor: %v; going on without\n", err)
		}
	}
	env := os.Environ()
	for _, s := range done {
		if last := kinds[s.kind()].last; last != nil {
			if err := do(s, last); err != nil {
				return err
			}
		}
	}
	err := syscall.Exec(c.Path, c.Args, env)
	return &execError{fmt.Sprintf("couldn't exec %s: %s", c.Args[0], ErrnoName(err)), c.Path, err}
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
	fd, err := syscall.Open(path+"/cgroup.procs", syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err == nil {
		_, err = syscall.Write(fd, []byte("0"))
		_ = syscall.Close(fd)
	}
	if err != nil {
		return fmt.Errorf("couldn't enter the cgroup %s: %s", path, ErrnoName(err))
	}
	return nil
}
