package ctl

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// maxRequests bounds the concurrent requests of a command with wildcards.
const maxRequests = 100

// wildcardCommands are the commands of supervisor-wildcards: start, stop, restart and status with an m before, for the
// processes whose names match a pattern. If matchGroup is not 0, patterns match group:name.
func wildcardCommands(matchGroup string) []command {
	withGroup := strings.Trim(matchGroup, " 0") != ""
	var list []command
	for _, name := range []string{"restart", "start", "status", "stop"} {
		list = append(list, command{name: "m" + name, upcheck: true,
			help: "m" + name + " <pattern> [...]\tThe same as " + name + ", for the processes whose names match;" +
				" patterns have *, ? and [...]",
			run: func(c *Controller, patterns []string) error { return c.runWildcard(name, patterns, withGroup) }})
	}
	return list
}

// runWildcard runs a command for the processes that match.
func (c *Controller) runWildcard(name string, patterns []string, withGroup bool) error {
	all, err := c.server.AllProcessInfo(c.ctx)
	if err != nil {
		return err
	}
	if slices.Contains(patterns, "all") {
		patterns = []string{"*"}
	}
	var names []string
	for _, info := range all {
		subject := info.Name
		if withGroup {
			subject = info.Group + ":" + info.Name
		}
		if slices.ContainsFunc(patterns, func(pattern string) bool { return matchesPattern(pattern, subject) }) {
			names = append(names, api.Namespec(info.Group, info.Name))
		}
	}
	if len(names) == 0 {
		c.println("No process matched given expression.")
		return nil
	}
	switch name {
	case "status":
		return c.showStatus(names)
	case "start":
		return c.applyConcurrently(c.startOperation(true), names)
	case "stop":
		return c.applyConcurrently(c.stopOperation(true), names)
	}
	if err := c.applyConcurrently(c.stopOperation(true), names); err != nil {
		return err
	}
	return c.applyConcurrently(c.startOperation(true), names)
}

// applyConcurrently carries out an operation for all names at the same time. It prints the results in the order of names.
func (c *Controller) applyConcurrently(op operation, names []string) error {
	errs := make([]error, len(names))
	slots := make(chan struct{}, maxRequests)
	var done sync.WaitGroup
	for i, name := range names {
		slots <- struct{}{}
		done.Go(func() {
			_, errs[i] = op.process(name)
			<-slots
		})
	}
	done.Wait()
	for i, name := range names {
		code, text := api.Success, ""
		var fault *client.Fault
		if errors.As(errs[i], &fault) {
			code, text = fault.Code, fault.Text
		} else if errs[i] != nil {
			return errs[i]
		}
		if err := c.printResult(op, name, code, text); err != nil {
			return err
		}
	}
	return nil
}

// matchesPattern reports whether a name matches a shell pattern with *, ?, [abc], [a-z] and [!abc].
func matchesPattern(pattern, name string) bool {
	var expression strings.Builder
	for rest := pattern; rest != ""; {
		set := strings.IndexByte(rest, ']')
		switch {
		case rest[0] == '*':
			expression.WriteString(".*")
		case rest[0] == '?':
			expression.WriteByte('.')
		case rest[0] == '[' && set > 1 && rest[:set] != "[!":
			inside := strings.ReplaceAll(rest[1:set], `\`, `\\`)
			if strings.HasPrefix(inside, "!") {
				inside = "^" + inside[1:]
			} else {
				inside = strings.Replace(inside, "^", `\^`, 1)
			}
			expression.WriteString("[" + inside + "]")
			rest = rest[set:]
		default:
			expression.WriteString(regexp.QuoteMeta(rest[:1]))
		}
		rest = rest[1:]
	}
	re, err := regexp.Compile("^(?s:" + expression.String() + ")$")
	return err == nil && re.MatchString(name)
}
