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

// pollInterval is how often wait requests the states. The interface has no notification.
const pollInterval = 100 * time.Millisecond

var errTimedOut = errors.New("timed out")

// takeTimeout removes --timeout from the arguments.
func takeTimeout(args []string) (rest []string, timeout time.Duration, err error) {
	rest, err = parseFlags(args, map[string]func(string) error{
		"--timeout": func(text string) (err error) { timeout, err = parseTimeout(text); return err },
	}, nil)
	return rest, timeout, err
}

// takeFlag removes a flag without a value from the arguments.
func takeFlag(args []string, flag string) (rest []string, found bool) {
	rest = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == flag })
	return rest, len(rest) < len(args)
}

// parseFlags parses flags among the arguments: those with a value, as "--flag value" or "--flag=value", and those without. It
// returns the other arguments.
func parseFlags(args []string, valued map[string]func(string) error, plain map[string]*bool) (rest []string, err error) {
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

// parseTimeout parses seconds, or a duration with units.
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

// withTimeout runs f with a timeout, unless that is 0. An operation that f has started continues in the server.
func (c *Controller) withTimeout(timeout time.Duration, f func() error) error {
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

// ready and healthy are conditions that wait knows besides the states. A server or a program without readiness and checks meets them in
// RUNNING, as it does for programs that depend on it.
const (
	ready   = "READY"
	healthy = "HEALTHY"
)

// waitWords are what wait waits for.
func waitWords() (words []string) {
	for _, state := range api.States {
		words = append(words, state.String())
	}
	return append(words, ready, healthy)
}

// meets reports whether a process is in a state, or meets a condition.
func meets(info *api.ProcessInfo, word string) bool {
	more := info.More
	if more == nil {
		more = &api.ProcessMore{}
	}
	isReady := info.State == api.Running && (more.Ready == nil || *more.Ready)
	switch word {
	case ready:
		return isReady
	case healthy:
		return info.State == api.Running && more.Health == "healthy" || isReady && more.Health == ""
	}
	return info.StateName == word
}

// wait waits until each of the processes is in one of the states, RUNNING by default, or meets a condition. It fails if a process is
// FATAL, unless that is one of the states, because a process leaves that state only by a command.
func (c *Controller) wait(args []string) error {
	states := []string{api.Running.String()}
	names, err := parseFlags(args, map[string]func(string) error{
		"--for": func(text string) (err error) { states, err = parseStates(text); return err },
	}, nil)
	switch {
	case err != nil:
		return c.invalidArg(err.Error())
	case len(names) == 0:
		return c.usageError("wait", "wait requires a process name", exitInvalidArgs)
	}
	ok := false
	err = c.past(func() (err error) { ok, err = c.upcheck(); return err })
	if err != nil || !ok {
		return err
	}
	return c.waitFor(names, states)
}

// past calls f again while the server refuses calls because it restarts, or until it has ended.
func (c *Controller) past(f func() error) error {
	for {
		if err := f(); faultCode(err) != api.ShutdownState {
			return err
		}
		if err := c.pause(); err != nil {
			return err
		}
	}
}

// pause waits until the server may be asked again.
func (c *Controller) pause() error {
	select {
	case <-time.After(pollInterval):
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

func parseStates(text string) ([]string, error) {
	states := strings.Split(strings.ToUpper(text), ",")
	known := waitWords()
	for _, s := range states {
		if !slices.Contains(known, s) {
			return nil, fmt.Errorf("bad state %s", s)
		}
	}
	return states, nil
}

// waitFor prints a line for each process when it is in one of the states, or meets one of the conditions.
func (c *Controller) waitFor(names, states []string) error {
	reported := map[string]bool{}
	for {
		var infos []api.ProcessInfo
		err := c.past(func() (err error) { infos, err = c.matching(names, c.out); return err })
		if err != nil || c.status != 0 { // status: an unknown name
			return err
		}
		remaining := 0
		for _, info := range infos {
			name := api.Namespec(info.Group, info.Name)
			met := slices.IndexFunc(states, func(word string) bool { return meets(&info, word) })
			switch {
			case reported[name]:
			case met >= 0:
				reported[name] = true
				c.println(name + ": " + states[met])
			case info.State == api.Fatal:
				c.println(name + ": ERROR (" + info.Description + ")")
				c.status = exitStopped
			default:
				remaining++
			}
		}
		c.out.Flush()
		if remaining == 0 || c.status != 0 {
			return nil
		}
		if err := c.pause(); err != nil {
			return err
		}
	}
}
