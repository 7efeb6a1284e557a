package step

import (
	"errors"
	"os"
	"strconv"
)

// Command is what the shim does: steps, and then a command. The shim is our own executable, started as
//
//	supervisord \x01child report N STEP VALUE ... exec PATH NAME ARGUMENT ...
//
// in the environment and with the descriptors of the command, and descriptor N, the next one, for its report if it fails. Its own name
// for itself is no option of supervisord. With a DeathSignal, "parent PID" precedes the steps. So does "cgroup PATH".
type Command struct {
	Path   string   // the file to execute
	Args   []string // with the name at 0
	Steps  []Step   // in this order
	Report int      // the descriptor for the report; none if it is one of the first three
	Cgroup string   // the cgroup to enter first; empty: none
	parent int      // the process that has started the shim, as far as it has to know; 0: it has not
}

const (
	shimArg   = "\x01child"
	reportArg = "report"
	parentArg = "parent"
	cgroupArg = "cgroup"
	execArg   = "exec"
)

// ShimArgs returns the arguments of the shim, from its name on.
func (c *Command) ShimArgs() []string {
	args := make([]string, 0, 10+2*len(c.Steps)+len(c.Args))
	args = append(args, "supervisord", shimArg)
	if c.Report > 2 {
		args = append(args, reportArg, strconv.Itoa(c.Report))
	}
	if HasDeathSignal(c.Steps) {
		args = append(args, parentArg, strconv.Itoa(os.Getpid()))
	}
	if c.Cgroup != "" {
		args = append(args, cgroupArg, escape(c.Cgroup))
	}
	for _, s := range c.Steps {
		k := &kinds[s.kind()]
		args = append(args, k.name, escape(k.encode(s)))
	}
	args = append(args, execArg, escape(c.Path))
	for _, arg := range c.Args {
		args = append(args, escape(arg))
	}
	return args
}

// parse reads what follows shimArg. If it fails, the command has at least the descriptor for the report, unless that is the error.
func parse(args []string) (c Command, err error) {
	for ; len(args) > 2 && args[0] != execArg; args = args[2:] {
		switch name, value := args[0], args[1]; name {
		case reportArg:
			c.Report, err = strconv.Atoi(value)
		case parentArg:
			c.parent, err = strconv.Atoi(value)
		case cgroupArg:
			c.Cgroup = unescape(value)
		default:
			err = c.addStep(name, unescape(value))
		}
		if err != nil {
			return c, err
		}
	}
	if len(args) < 3 {
		return c, errors.New("couldn't read the command")
	}
	c.Path, c.Args = unescape(args[1]), args[2:]
	for i, arg := range c.Args {
		c.Args[i] = unescape(arg)
	}
	return c, nil
}

func (c *Command) addStep(name, value string) error {
	s, known, err := decode(name, value)
	if !known {
		return errors.New("couldn't do unknown step " + name)
	}
	if err != nil {
		return errors.New("couldn't read step " + name + ": " + err.Error())
	}
	c.Steps = append(c.Steps, s)
	return nil
}
