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

// wildcardRequests bounds how many processes a command with wildcards acts on at a time.
const wildcardRequests = 100

// wildcardCommands are those of supervisor-wildcards: the commands without m, for all processes whose names match a
// pattern. With matchGroup, a number other than 0, patterns are about group:name.
func wildcardCommands(matchGroup string) []command {
	withGroup := strings.Trim(matchGroup, " 0") != ""
	var list []command
	for _, name := range []string{"restart", "start", "status", "stop"} {
		list = append(list, command{name: "m" + name, checked: true,
			help: "m" + name + " <pattern> [...]\tDo what " + name + " does for all processes whose names match;" +
				" patterns have *, ? and [...]",
			run: func(c *Controller, patterns []string) error { return c.wild(name, patterns, withGroup) }})
	}
	return list
}

// wild does a command for the processes that match.
func (c *Controller) wild(name string, patterns []string, withGroup bool) error {
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
		return c.atOnce(names, c.startVerb(true))
	case "stop":
		return c.atOnce(names, c.stopVerb(true))
	}
	if err := c.atOnce(names, c.stopVerb(true)); err != nil {
		return err
	}
	return c.atOnce(names, c.startVerb(true))
}

// atOnce applies the verb to all processes side by side, and reports in the order of names.
func (c *Controller) atOnce(names []string, v verb) error {
	errs := make([]error, len(names))
	turns := make(chan struct{}, wildcardRequests)
	var done sync.WaitGroup
	for i, name := range names {
		turns <- struct{}{}
		done.Go(func() {
			_, errs[i] = v.process(name)
			<-turns
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
		if err := c.outcome(v, name, code, text); err != nil {
			return err
		}
	}
	return nil
}

// matchesPattern says whether the whole name matches a pattern of the shell: *, ?, [abc], [a-z], [!abc].
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
