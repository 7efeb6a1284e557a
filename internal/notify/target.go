package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/glob"
)

// Target is the state of a [notify:x] section.
type Target struct {
	Processes map[string]*Process `json:"processes,omitempty"` // by name; those about which something is remembered
	Groups    map[string]*Group   `json:"groups,omitempty"`    // by what the incidents share
	Sent      []time.Time         `json:"sent,omitempty"`      // when messages were made, within the time of rate=
	Held      *Held               `json:"held,omitempty"`      // nil: nothing is held back
	Queue     []*Message          `json:"queue,omitempty"`     // in the order in which they were made
	Dropped   int                 `json:"dropped,omitempty"`   // messages that the next one reports as dropped

	rules config.Notification
}

// Process is what is remembered of a process.
type Process struct {
	Group    string      `json:"group,omitempty"`
	Exits    []time.Time `json:"exits,omitempty"` // the last unexpected ones, at most as many as flapping= counts
	Flapping bool        `json:"flapping,omitempty"`
	Problem  *Incident   `json:"problem,omitempty"` // that was reported, and still exists; nil: none
	Up       bool        `json:"up,omitempty"`      // it is RUNNING
	Quiet    bool        `json:"quiet,omitempty"`   // the problem is not repeated: it was stopped since, or supervisord started anew
}

// maxProcesses bounds what is remembered.
const maxProcesses = 10_000

// has reports whether a kind of incidents is reported.
func (t *Target) has(kind string) bool { return slices.Contains(t.rules.On, kind) }

// concerns reports whether programs= selects a process.
func (t *Target) concerns(e Event) bool {
	names := []string{e.Group + ":" + e.Process, api.Namespec(e.Group, e.Process)}
	matches := func(pattern string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return glob.Match(pattern, name) })
	}
	found, only := false, false
	for _, pattern := range t.rules.Programs {
		if out, ok := strings.CutPrefix(pattern, "!"); ok {
			if matches(strings.TrimSpace(out)) {
				return false
			}
			continue
		}
		only = true
		found = found || matches(pattern)
	}
	return found || !only
}

// event takes an event into account.
func (t *Target) event(now time.Time, e Event) {
	switch e.Name {
	case "SUPERVISOR_STATE_CHANGE_RUNNING":
		for _, p := range t.Processes { // whether they have problems is not known until they are started
			p.Up, p.Quiet, p.Flapping, p.Exits = false, true, false, nil
		}
		fallthrough
	case "SUPERVISOR_STATE_CHANGE_STOPPING", "SUPERVISOR_UPGRADED":
		if t.has(Supervisor) {
			t.report(now, Event{Name: e.Name}, Supervisor, describe(Supervisor, e))
		}
		return
	case "PROCESS_GROUP_REMOVED":
		for name, p := range t.Processes {
			if p.Group == e.Group {
				delete(t.Processes, name)
			}
		}
		return
	}
	if e.Process == "" || !t.concerns(e) {
		return
	}
	name := api.Namespec(e.Group, e.Process)
	p := t.Processes[name]
	if p == nil {
		p = &Process{Group: e.Group}
	}
	t.process(now, e, p)
	delete(t.Processes, name)
	if (p.Problem != nil || p.Flapping || len(p.Exits) > 0) && len(t.Processes) < maxProcesses {
		t.Processes[name] = p
	}
}

// process takes an event about a process into account.
func (t *Target) process(now time.Time, e Event, p *Process) {
	switch e.Name {
	case "PROCESS_STATE_EXITED":
		p.Up = false
		if !e.Expected {
			t.unexpected(now, e, p)
		}
	case "PROCESS_STATE_BACKOFF":
		p.Up = false
		if !p.Flapping {
			t.problem(now, e, p, Backoff, describe(Backoff, e))
		}
	case "PROCESS_STATE_FATAL":
		p.Up = false
		t.problem(now, e, p, Fatal, describe(Fatal, e))
	case "PROCESS_STATE_STOPPED":
		p.Up, p.Quiet, p.Flapping, p.Exits = false, true, false, nil
		if t.has(Stopped) {
			t.report(now, e, Stopped, describe(Stopped, e))
		}
	case "PROCESS_STATE_RUNNING":
		p.Up = true
		t.calm(now, e, p, "is RUNNING again")
	case "PROCESS_HEALTH_DOWN":
		t.problem(now, e, p, Unhealthy, describe(Unhealthy, e))
	case "PROCESS_HEALTH_UP":
		if p.Problem != nil && p.Problem.Kind == Unhealthy {
			t.calm(now, e, p, "is healthy again")
		}
	}
}

// unexpected takes an unexpected exit into account. While a process flaps, which is reported once, its exits are not.
func (t *Target) unexpected(now time.Time, e Event, p *Process) {
	limit := t.rules.Flapping
	p.Exits = append(p.Exits, now)
	p.Exits = p.Exits[max(0, len(p.Exits)-limit.N):]
	switch flaps := len(p.Exits) == limit.N && now.Sub(p.Exits[0]) < limit.Within; {
	case !t.has(Flapping) || !flaps && !p.Flapping:
		p.Flapping = false
		t.problem(now, e, p, Unexpected, describe(Unexpected, e))
	case !p.Flapping:
		p.Flapping = true
		t.problem(now, e, p, Flapping, fmt.Sprintf("is flapping: %d unexpected exits within %s", limit.N, shorter(limit.Within)))
	}
}

// problem reports a problem, if it is to be reported.
func (t *Target) problem(now time.Time, e Event, p *Process, kind, text string) {
	if t.has(kind) {
		i := t.report(now, e, kind, text)
		p.Problem, p.Quiet = &i, false
	}
}

// calm reports that a process is as it should be, unless it flaps.
func (t *Target) calm(now time.Time, e Event, p *Process, text string) {
	if p.Flapping && now.Before(p.flapsUntil(t.rules.Flapping)) {
		return
	}
	p.Flapping = false
	switch {
	case p.Problem != nil && t.has(Recovered):
		t.report(now, e, Recovered, text)
	case e.Name == "PROCESS_STATE_RUNNING" && t.has(Running):
		t.report(now, e, Running, describe(Running, e))
	}
	p.Problem = nil
}

// flapsUntil is when a process no longer flaps, if it does not exit until then.
func (p *Process) flapsUntil(limit config.Rate) time.Time {
	if len(p.Exits) == 0 {
		return time.Time{}
	}
	return p.Exits[0].Add(limit.Within)
}

// persists reports whether a problem of a process is to be repeated.
func (p *Process) persists() bool {
	return p.Problem != nil && !p.Quiet && (p.Problem.Kind == Unhealthy || p.Flapping || !p.Up)
}

// report adds an incident to the group that it belongs to.
func (t *Target) report(now time.Time, e Event, kind, text string) Incident {
	i := Incident{Kind: kind, Time: now, Last: now, Count: 1, Group: e.Group, PID: e.PID, Text: text}
	if e.Process != "" {
		i.Process = api.Namespec(e.Group, e.Process)
	}
	key := t.key(i)
	g := t.Groups[key]
	if g == nil {
		g = &Group{}
		t.Groups[key] = g
	}
	if len(g.Pending) == 0 {
		g.Due = now.Add(t.rules.GroupWait)
		if next := g.Last.Add(t.rules.GroupInterval); !g.Last.IsZero() && next.After(g.Due) {
			g.Due = next
		}
	}
	g.Pending = i.addTo(g.Pending, &g.Omitted)
	return i
}

// key is what incidents of a message share.
func (t *Target) key(i Incident) string {
	switch t.rules.GroupBy {
	case "program":
		return cmp.Or(i.Process, i.Group)
	case "group":
		return i.Group
	}
	return ""
}

// settle ends the flapping of processes that have stayed RUNNING for long enough, and forgets exits that no longer count.
func (t *Target) settle(now time.Time) {
	for name, p := range t.Processes {
		for len(p.Exits) > 0 && !p.Flapping && !now.Before(p.Exits[0].Add(t.rules.Flapping.Within)) {
			p.Exits = p.Exits[1:]
		}
		if p.Flapping && !now.Before(p.flapsUntil(t.rules.Flapping)) {
			group, process, _ := api.SplitNamespec(name)
			e := Event{Group: group, Process: process}
			if p.Up {
				t.calm(now, e, p, "is no longer flapping")
			}
			p.Flapping, p.Exits = false, nil
		}
		if p.Problem == nil && !p.Flapping && len(p.Exits) == 0 {
			delete(t.Processes, name)
		}
	}
}

// shorter returns 10m for ten minutes.
func shorter(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
