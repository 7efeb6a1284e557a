package step

import (
	"os"
	"syscall"
)

// Failed is what this process could not do first as the shim; nil: it is not the shim. Package child, which is initialized after many
// others, reports it, since only failed starts need the names of errors and whatever else is in a message.
var Failed *Failure

// Failure is an error of the shim.
type Failure struct {
	What   string // such as "couldn't chdir to /x"
	Err    error  // the system error; nil: What says all
	Exec   string // the file that could not be executed; empty: something else failed
	Report int    // the descriptor for the report; none if it is one of the first three
	Fatal  bool   // the command must not be executed
	shim   *shim
}

func (f *Failure) Error() string {
	if f.Err == nil {
		return f.What
	}
	return f.What + ": " + f.Err.Error()
}

// GoOn does the rest of what the shim has to do, after a failure that is not fatal. It returns only if something else fails.
func (f *Failure) GoOn() *Failure { return f.shim.run() }

// init makes this process the shim if it was started as one, and then returns only if something fails. It is called in the main thread of
// the process, as all such functions are. So steps that change the calling thread change the one that executes the command.
func init() {
	if len(os.Args) > 1 && os.Args[1] == shimArg {
		Failed = begin(os.Args[2:])
	}
}

// parent is the process that has started the shim, as far as it has to know; 0: it has not.
var parent int

// shim is what the shim does, and how much it has done.
type shim struct {
	Command
	tried int    // how many steps
	done  []Step // those that have not failed
}

// begin enters the cgroup and does the steps of a command, and executes it. It returns only if something fails.
func begin(args []string) *Failure {
	c, err := parse(args)
	s := &shim{Command: c}
	if s.Report > 2 {
		syscall.CloseOnExec(s.Report)
	}
	if err != nil {
		return s.failure(&Failure{What: err.Error()}, true)
	}
	parent = s.parent
	if s.Cgroup != "" {
		if err := writeFile(s.Cgroup+"/cgroup.procs", "0"); err != nil {
			return s.failure(&Failure{What: "couldn't enter the cgroup " + s.Cgroup, Err: err}, true)
		}
	}
	for _, step := range s.Steps {
		if first := kinds[step.kind()].first; first != nil {
			first()
		}
	}
	return s.run()
}

// run does the steps that it has not tried, and executes the command.
func (s *shim) run() *Failure {
	for s.tried < len(s.Steps) {
		step := s.Steps[s.tried]
		s.tried++
		k := &kinds[step.kind()]
		if err := k.run(step); err != nil {
			return s.failure(stepFailure(step, err), required || !k.limit)
		}
		s.done = append(s.done, step)
	}
	env := os.Environ()
	for _, step := range s.done {
		if last := kinds[step.kind()].last; last != nil {
			if err := last(step); err != nil {
				return s.failure(stepFailure(step, err), true)
			}
		}
	}
	err := syscall.Exec(s.Path, s.Args, env)
	return s.failure(&Failure{What: "couldn't exec " + s.Args[0], Err: err, Exec: s.Path}, true)
}

// failure completes a failure.
func (s *shim) failure(f *Failure, fatal bool) *Failure {
	f.Report, f.Fatal, f.shim = s.Report, fatal, s
	return f
}

// stepFailure returns what the child reports about a step.
func stepFailure(s Step, err error) *Failure {
	if f, is := err.(*Failure); is {
		return f
	}
	k := &kinds[s.kind()]
	return &Failure{What: "couldn't set " + k.name + " to " + k.encode(s), Err: err}
}

// writeFile writes a text to a file of the kernel.
func writeFile(path, text string) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	_, err = syscall.Write(fd, []byte(text))
	_ = syscall.Close(fd)
	return err
}
