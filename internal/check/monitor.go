// Package check finds out whether processes work: it connects to them, makes requests by HTTP, and runs commands, at intervals, and
// turns the results into verdicts. It never changes the state of a process: the Process that a Monitor was made for is notified of
// results and verdicts. Probes run in goroutines; everything else is called in the loop of supervisord.
package check

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// Kind is one of the two checks of a process.
type Kind uint8

// The kinds.
const (
	Liveness Kind = iota
	Readiness
	kinds
)

// String returns the word that clients see.
func (k Kind) String() string { return [...]string{Liveness: "liveness", Readiness: "readiness"}[k] }

// Result is the end of one check. Text is why it failed, empty if it succeeded.
type Result struct {
	Kind Kind
	Text string
	Took time.Duration
}

// OK reports whether the check succeeded.
func (r Result) OK() bool { return r.Text == "" }

// Process is what a Monitor needs of its process.
type Process interface {
	// Owner is the ID of the user on whose behalf files are read.
	Owner() int
	// Run starts the command of a check.
	Run(k Kind, command config.HelperCommand, limit time.Duration, done func(helper.Result, time.Time), now time.Time) *helper.Run
	// Checked is called after each result that counts, before Changed, and before Health has its text.
	Checked(r Result)
	// Changed is called when a check has come to another verdict. Count is how many results in a row led to it, and again is true
	// if the process is healthy after it was not.
	Changed(k Kind, verdict Health, r Result, count int, again bool, now time.Time)
}

// Host is what the monitors of a run of the loop share. The zero value, with the functions set, is ready.
type Host struct {
	Schedule func(timers.Item)                // takes over the deadline of an item
	Send     func(f func(now time.Time)) bool // has f run in the loop, as helper.Host.Send
	probes   *Places
	commands *Places
}

// NewHost returns a Host.
func NewHost(schedule func(timers.Item), send func(func(time.Time)) bool) *Host {
	return &Host{Schedule: schedule, Send: send, probes: &Places{Max: int(budget.Probes.Limit)},
		commands: &Places{Max: int(budget.CheckCommands.Limit)}}
}

// Monitor runs the checks of one process.
type Monitor struct {
	timers.Slot
	host    *Host
	process Process
	checks  [kinds]*one // nil: the process has no such check
	manual  []*attempt  // requested by clients
}

// one is a check of the process.
type one struct {
	config  *config.HealthCheck
	period  time.Duration
	due     time.Time // of the next one; zero: it is not running
	current *attempt  // in progress, or waiting for a place; nil: none
	last    *attempt  // the command of an earlier one, which may survive SIGKILL
	count   Count
	text    string // why the last one that failed did
}

// New returns a Monitor, nil if there is no check.
func New(host *Host, process Process, checks config.HealthChecks) *Monitor {
	if !checks.Used() {
		return nil
	}
	m := &Monitor{host: host, process: process}
	for k, c := range []*config.HealthCheck{Liveness: checks.Liveness, Readiness: checks.Readiness} {
		if c.Used() {
			m.checks[k] = &one{config: c}
		}
	}
	return m
}

// Has reports whether there is such a check. A nil Monitor has none.
func (m *Monitor) Has(k Kind) bool { return m != nil && m.checks[k] != nil }

// Start begins with a check: the first one comes after its initial delay.
func (m *Monitor) Start(k Kind, now time.Time) {
	c := m.checks[k]
	if c == nil || !c.due.IsZero() {
		return
	}
	c.period, c.due = c.config.Period, now.Add(c.config.InitialDelay)
	m.host.Schedule(m)
}

// Hurry limits the period of a check, for example until a process is ready.
func (m *Monitor) Hurry(k Kind, period time.Duration) {
	if c := m.checks[k]; c != nil {
		c.period = min(c.period, period)
	}
}

// Calm gives a check its configured period again.
func (m *Monitor) Calm(k Kind) {
	if c := m.checks[k]; c != nil {
		c.period = c.config.Period
	}
}

// Stop ends all checks. What is in progress is cancelled, and counts for nothing.
func (m *Monitor) Stop(now time.Time) {
	for _, c := range m.checks {
		if c == nil {
			continue
		}
		if c.current != nil {
			c.current.cancel(now)
		}
		*c = one{config: c.config, last: c.last}
	}
	manual := m.manual
	m.manual = nil
	for _, a := range manual {
		a.cancel(now)
	}
	m.host.Schedule(m)
}

// Running reports whether checks go on.
func (m *Monitor) Running() bool {
	return slices.ContainsFunc(m.checks[:], func(c *one) bool { return c != nil && !c.due.IsZero() })
}

// Health is the verdict of all checks. Text is why, if it is Unhealthy, and kind is the check that says so.
func (m *Monitor) Health() (health Health, kind Kind, text string) {
	for k, c := range m.checks {
		if c == nil {
			continue
		}
		if c.count.Health == Unhealthy && health != Unhealthy {
			kind, text = Kind(k), c.text
		}
		health = health.With(c.count.Health)
	}
	return health, kind, text
}

// Verdict is the verdict of one check.
func (m *Monitor) Verdict(k Kind) Health { return m.checks[k].count.Health }

// Wake implements timers.Item.
func (m *Monitor) Wake() (at time.Time) {
	for _, c := range m.checks {
		if c != nil && c.current == nil && !c.due.IsZero() && (at.IsZero() || c.due.Before(at)) {
			at = c.due
		}
	}
	return at
}

// Tick implements timers.Item.
func (m *Monitor) Tick(now time.Time) {
	for k, c := range m.checks {
		if c != nil && c.current == nil && !c.due.IsZero() && !c.due.After(now) {
			m.check(Kind(k), now)
		}
	}
	m.host.Schedule(m)
}

// check begins one check.
func (m *Monitor) check(k Kind, now time.Time) {
	c := m.checks[k]
	if c.last.survives() {
		c.due = now.Add(c.period)
		m.result(Result{Kind: k, Text: "previous check still runs"}, now)
		return
	}
	a := m.newAttempt(k)
	c.current = a
	m.start(a, now)
	if c.config.Script.Kind == config.CommandCheck {
		c.last = a
	}
}

// newAttempt returns an attempt whose result counts.
func (m *Monitor) newAttempt(k Kind) *attempt {
	c := m.checks[k]
	a := &attempt{monitor: m, kind: k}
	a.started = func(now time.Time) { c.due = now.Add(c.period) }
	a.done = func(r Result, now time.Time) {
		c.current = nil
		m.result(r, now)
		m.host.Schedule(m)
	}
	return a
}

// start begins an attempt, now or when there is a place.
func (m *Monitor) start(a *attempt, now time.Time) {
	places := m.host.probes
	if m.checks[a.kind].config.Script.Kind == config.CommandCheck {
		places = m.host.commands
	}
	a.places = places
	places.take(a, now)
}

// result counts a result.
func (m *Monitor) result(r Result, now time.Time) {
	c := m.checks[r.Kind]
	before := c.count.Health
	count, changed := c.count.Add(r.OK(), c.config.SuccessThreshold, c.config.FailureThreshold)
	c.count = count
	m.process.Checked(r)
	if !r.OK() {
		c.text = r.Text
	}
	if changed {
		m.process.Changed(r.Kind, count.Health, r, int(count.run), before == Unhealthy, now)
	}
}

// RunAll runs each check once, which counts for nothing, and calls done with the results in order. If the process stops meanwhile,
// what is in progress has failed.
func (m *Monitor) RunAll(done func([]Result), now time.Time) {
	var results []Result
	var next func(k Kind, now time.Time)
	next = func(k Kind, now time.Time) {
		for ; k < kinds && m.checks[k] == nil; k++ {
		}
		if k == kinds {
			done(results)
			return
		}
		a := &attempt{monitor: m, kind: k}
		a.done = func(r Result, now time.Time) {
			m.forget(a)
			results = append(results, r)
			if r.Text == cancelled {
				done(results)
				return
			}
			next(k+1, now)
		}
		m.manual = append(m.manual, a)
		a.reports = true
		m.start(a, now)
	}
	next(Liveness, now)
}

// forget removes a requested attempt from the list.
func (m *Monitor) forget(a *attempt) {
	m.manual = slices.DeleteFunc(m.manual, func(x *attempt) bool { return x == a })
}
