package ctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// defaultEvents is how many events are printed unless the user says.
const defaultEvents = 20

// events prints what has happened, the oldest first.
func (c *Controller) events(args []string) error {
	count, asJSON := -1, false
	var since time.Time
	names, err := parseFlags(args, map[string]func(string) error{
		"-n": func(text string) (err error) {
			if count, err = strconv.Atoi(text); err != nil || count < 0 {
				return fmt.Errorf("bad number %s", text)
			}
			return nil
		},
		"--since": func(text string) (err error) { since, err = parseMoment(text, time.Now()); return err },
	}, map[string]*bool{"--json": &asJSON})
	if err != nil {
		return c.invalidArg(err.Error())
	}
	for _, name := range names {
		if len(name) > 1 && name[0] == '-' {
			return c.invalidArg("bad option " + name)
		}
	}
	if count < 0 && since.IsZero() {
		count = defaultEvents
	}
	all := c.wantsAll(names)
	most := -1
	if all && since.IsZero() {
		most = count
	}
	list, err := c.server.History(c.ctx, most)
	if err != nil {
		return c.apiError(err)
	}
	list = slices.DeleteFunc(list, func(e client.Event) bool { return e.Time.Before(since) || !all && !isNamed(names, e.Group, e.Name) })
	if count >= 0 {
		list = list[max(0, len(list)-count):]
	}
	if asJSON {
		e := json.NewEncoder(c.out)
		e.SetEscapeHTML(false)
		for i := range list {
			if err := e.Encode(list[i]); err != nil {
				return err
			}
		}
		return nil
	}
	c.printEvents(list)
	return nil
}

// wantsAll reports whether names mean all processes.
func (c *Controller) wantsAll(names []string) bool {
	return len(names) == 0 || slices.Contains(names, "all")
}

// isNamed reports whether a process is one of the names: NAME, GROUP:NAME or GROUP:*. It may not exist any more.
func isNamed(names []string, group, process string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		g, p, whole := api.SplitNamespec(name)
		return g == group && (whole || p == process)
	})
}

// apiError is the error for what a server does not have.
func (c *Controller) apiError(err error) error {
	var problem *client.Problem
	switch {
	case errors.Is(err, client.ErrNoAPI):
		c.println("ERROR: this supervisord keeps no history (it needs /api/v1)")
	case errors.As(err, &problem) && problem.Code == api.NotAllowed:
		c.println("ERROR: " + notAllowed)
	case errors.As(err, &problem):
		c.println("ERROR: " + pyrepr.Escape(problem.Error(), unicode.IsControl))
	default:
		return err
	}
	c.status = exitGeneric
	return nil
}

// printEvents prints a line for each event: the time, the name, the states, and what else is known.
func (c *Controller) printEvents(list []client.Event) {
	width := 0
	for i := range list {
		width = max(width, utf8.RuneCountInString(subject(&list[i])))
	}
	for i := range list {
		e := &list[i]
		line := fmt.Sprintf("%s  %-*s  %-21s  %s", e.Time.Local().Format("2006-01-02 15:04:05.000"), width, subject(e), change(e), eventText(e))
		c.println(pyrepr.Escape(trimmed(line), unicode.IsControl))
	}
}

func trimmed(line string) string {
	for len(line) > 0 && line[len(line)-1] == ' ' {
		line = line[:len(line)-1]
	}
	return line
}

// subject is what an event is about.
func subject(e *client.Event) string {
	switch {
	case e.Group == "":
		return "supervisord"
	case e.Name == "":
		return e.Group
	}
	return api.Namespec(e.Group, e.Name)
}

// change is as in "RUNNING -> EXITED", "group added" or "unhealthy".
func change(e *client.Event) string {
	switch {
	case e.From != "":
		return e.From + " -> " + e.To
	case e.Type == "health":
		return e.To
	case e.To != "":
		return e.Type + " " + e.To
	}
	return e.Type
}

func eventText(e *client.Event) string {
	if e.Text == "" && e.To == api.Running.String() && e.PID != 0 {
		return "pid " + strconv.Itoa(e.PID)
	}
	return e.Text
}
