package ctl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// pollInterval is how often wait looks: the interface has no way to be told.
const pollInterval = 100 * time.Millisecond

var errTimedOut = errors.New("timed out")

// patience is how long a command waits for what it asked for.
type patience struct {
	no      bool          // not at all
	timeout time.Duration // 0: for ever
}

// waitFlags takes --no-wait and --timeout out of the arguments.
func waitFlags(args []string) (names []string, p patience, err error) {
	names, err = flags(args, map[string]func(string) error{
		"--timeout": func(text string) (err error) { p.timeout, err = parseTimeout(text); return err },
	}, map[string]*bool{"--no-wait": &p.no})
	return names, p, err
}

// flags takes the flags that are known out of the arguments: those with a value, as "--flag value" or "--flag=value",
// and those without.
func flags(args []string, valued map[string]func(string) error, plain map[string]*bool) (rest []string, err error) {
	for i := 0; i < len(args); i++ {
		flag, value, joined := strings.Cut(args[i], "=")
		switch set := valued[flag]; {
		case plain[args[i]] != nil:
			*plain[args[i]] = true
			continue
		case set == nil:
			rest = append(rest, args[i])
			continue
		case !joined && i+1 == len(args):
			return nil, fmt.Errorf("%s requires a value", flag)
		case !joined:
			i++
			value = args[i]
			fallthrough
		default:
			if err := set(value); err != nil {
				return nil, err
			}
		}
	}
	return rest, nil
}

// parseTimeout reads seconds, or a duration with units.
func parseTimeout(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		d, err = time.ParseDuration(text + "s")
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("bad timeout %s", text)
	}
	return d, nil
}

// within runs f, at most that long if timeout is not 0. What f began in the server goes on.
func (c *Controller) within(timeout time.Duration, f func() error) error {
	if timeout == 0 {
		return f()
	}
	before := c.ctx
	ctx, cancel := context.WithTimeoutCause(before, timeout, errTimedOut)
	defer cancel()
	c.ctx = ctx
	err := f()
	c.ctx = before
	if err != nil && errors.Is(context.Cause(ctx), errTimedOut) {
		c.println("ERROR: timed out after " + timeout.String())
		c.status = exitTimedOut
		return nil
	}
	return err
}

// wait returns when each of the processes is in one of the states, RUNNING if none are given. It gives up on a process
// that went to FATAL, when that is none of the states: nothing but a command brings it out.
func (c *Controller) wait(args []string) error {
	var timeout time.Duration
	states := []string{api.Running.String()}
	names, err := flags(args, map[string]func(string) error{
		"--timeout": func(text string) (err error) { timeout, err = parseTimeout(text); return err },
		"--for":     func(text string) (err error) { states, err = parseStates(text); return err },
	}, nil)
	switch {
	case err != nil:
		return c.refuse(err.Error())
	case len(names) == 0:
		return c.misused("wait", "wait requires a process name", exitInvalidArgs)
	}
	return c.within(timeout, func() error { return c.waitFor(names, states) })
}

func parseStates(text string) ([]string, error) {
	states := strings.Split(strings.ToUpper(text), ",")
	for _, s := range states {
		if !slices.ContainsFunc(api.States, func(known api.State) bool { return known.String() == s }) {
			return nil, fmt.Errorf("bad state %s", s)
		}
	}
	return states, nil
}

// waitFor prints a line for each process as soon as it is in one of the states.
func (c *Controller) waitFor(names, states []string) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	told := map[string]bool{}
	for {
		infos, err := c.matching(names, c.out)
		if err != nil || c.status != 0 { // a name that there is not
			return err
		}
		left := 0
		for _, info := range infos {
			name := api.Namespec(info.Group, info.Name)
			switch {
			case told[name]:
			case slices.Contains(states, info.StateName):
				told[name] = true
				c.println(name + ": " + info.StateName)
			case info.State == api.Fatal:
				c.println(name + ": ERROR (" + info.Description + ")")
				c.status = exitStopped
			default:
				left++
			}
		}
		c.out.Flush()
		if left == 0 || c.status != 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-c.ctx.Done():
			return c.ctx.Err()
		}
	}
}
