// Package audit records who has asked supervisord for what, and what became of it: one object on a line for each request that changes
// something, for each that was refused, and for signals. It knows no methods; who answers a request says what it is. An entry is written, or
// queued for a slow target, before the request is answered, in its goroutine. A log that cannot be written stops nothing. Any goroutine may
// use a Log; a nil *Log records nothing.
package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// Options say where the log is and what is in it. Without a path there is none.
type Options struct {
	logs.TrailOptions
	Reads bool // requests that change nothing, too
}

// Log is the audit log.
type Log struct {
	main  *logs.Main
	trail atomic.Pointer[logs.Trail] // nil: nothing is recorded
	reads atomic.Bool

	mu      sync.Mutex // guards what follows
	options Options
	limit   limit // of refusals
}

// New makes a Log that records nothing yet. What is wrong with its file is logged in main.
func New(main *logs.Main) *Log { return &Log{main: main} }

// Open begins to record.
func (l *Log) Open(o Options) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var trail *logs.Trail
	if o.Path != "" {
		var err error
		if trail, err = logs.OpenTrail(o.TrailOptions, l.main); err != nil {
			return err
		}
	}
	l.use(trail, o)
	return nil
}

// use has a trail used from now on. The lock is held.
func (l *Log) use(trail *logs.Trail, o Options) {
	l.options = o
	l.reads.Store(o.Reads)
	if before := l.trail.Swap(trail); before != nil && before != trail {
		before.Close()
	}
}

// Change goes on with other options. If the new log cannot be opened, the one before stays in use.
func (l *Log) Change(o Options) {
	l.mu.Lock()
	before, trail := l.options, l.trail.Load()
	if trail != nil && before.leadsTo(o) {
		trail.Configure(o.File)
		l.use(trail, o)
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	if err := l.Open(o); err != nil {
		after := "it stays as it was"
		if before.Path == "" {
			after = "nothing is recorded"
		}
		l.main.Warnf("audit_log cannot be changed, %s: %v", after, err)
	}
}

// leadsTo reports whether other options have the same target.
func (o *Options) leadsTo(other Options) bool {
	same := o.Path == other.Path && o.Facility == other.Facility && o.Tag == other.Tag && o.RFC5424 == other.RFC5424 && o.Identifier == other.Identifier
	if o.Remote == nil || other.Remote == nil {
		return same && o.Remote == other.Remote
	}
	return same && *o.Remote == *other.Remote
}

// Close ends the log. Nothing is recorded from then on.
func (l *Log) Close() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.use(nil, Options{})
}

// Records reports whether anything is recorded.
func (l *Log) Records() bool { return l != nil && l.trail.Load() != nil }

// Call is a request that is being answered. The zero value records nothing.
type Call struct {
	log     *Log
	ctx     context.Context
	begun   time.Time
	entry   Entry
	records bool // also if it is not refused
}

// Begin notes that a request begins, for which a caller needs a role.
func (l *Log) Begin(ctx context.Context, via Via, needs access.Role, action, target string) Call {
	if !l.Records() {
		return Call{}
	}
	c := Call{log: l, ctx: ctx, begun: time.Now(), records: needs >= access.Control || l.reads.Load(),
		entry: Entry{Via: via, Action: action, Target: target}}
	if c.records {
		c.identify()
	}
	return c
}

// Waits notes that the request may wait, and so be answered by the next program, which has the time when it began.
func (c *Call) Waits() {
	if c.log != nil && c.records {
		c.begun = waiting.Of(c.ctx).Began(c.begun)
	}
}

// identify notes who makes the request. A process at the other end may end while it waits.
func (c *Call) identify() {
	caller := access.Of(c.ctx)
	e := &c.entry
	e.User, e.By, e.Role, e.Server, e.OnBehalf = caller.User, caller.By, caller.Role, caller.Server, access.OnBehalf(c.ctx)
	if client := access.ClientOf(c.ctx); client != nil {
		e.From = client.From()
	}
}

// End records the request.
func (c *Call) End(result string) {
	if c.log != nil && c.records {
		c.write(result, 0)
	}
}

// Refuse records that the request is not allowed.
func (c *Call) Refuse(result string) {
	if c.log == nil {
		return
	}
	omitted, ok := c.log.refusal(time.Now())
	if !ok {
		return
	}
	if !c.records {
		c.identify()
	}
	c.write(result, omitted)
}

// refusal reports whether a refusal is recorded, and how many before it were not.
func (l *Log) refusal(now time.Time) (omitted int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limit.next(now)
}

func (c *Call) write(result string, omitted int) {
	e := &c.entry
	e.Time = time.Now()
	e.Result, e.Took, e.Omitted = result, e.Time.Sub(c.begun), omitted
	c.log.write(e)
}

// Login records a failed login: what is known of its client, the name that it has given, and by what it wanted to show who it is.
func (l *Log) Login(from, user string, by access.Way, server string, via Via, result string) {
	if !l.Records() {
		return
	}
	now := time.Now()
	if omitted, ok := l.refusal(now); ok {
		l.write(&Entry{Time: now, User: user, By: by, From: from, Server: server, Via: via, Action: "login", Result: result, Omitted: omitted})
	}
}

// Signal records a signal to supervisord.
func (l *Log) Signal(name, result string) {
	if l != nil {
		l.write(&Entry{Time: time.Now(), Via: Signal, Action: name, Result: result})
	}
}

func (l *Log) write(e *Entry) {
	if trail := l.trail.Load(); trail != nil {
		trail.Write(e.Append(make([]byte, 0, 512)))
	}
}

// Result is the word for what became of a request.
func Result(err error) string {
	fault := api.FaultOf(err)
	switch {
	case err == nil:
		return "ok"
	case fault != nil:
		return fmt.Sprintf("fault %d", fault.Code)
	case errors.Is(err, context.Canceled):
		return "disconnected"
	}
	return "error"
}

// Status is the word for a request that is answered with a status of HTTP.
func Status(code int) string { return fmt.Sprintf("status %d", code) }

// Path is the path of the file, empty if there is none.
func (l *Log) Path() string {
	if l == nil {
		return ""
	}
	if trail := l.trail.Load(); trail != nil {
		return trail.Path()
	}
	return ""
}

// Last returns the last n lines of the file.
func (l *Log) Last(n int) ([][]byte, error) {
	if trail := l.trail.Load(); trail != nil {
		return trail.Last(n)
	}
	return nil, nil
}

// Reopen opens the file again, after it was moved away.
func (l *Log) Reopen() {
	if l != nil {
		if trail := l.trail.Load(); trail != nil {
			trail.Reopen()
		}
	}
}

// Soonest returns when the log is to get a Tick; zero: never.
func (l *Log) Soonest(now time.Time) time.Time {
	if l != nil {
		if trail := l.trail.Load(); trail != nil {
			return trail.Soonest(now)
		}
	}
	return time.Time{}
}

// Tick does what is due for the file.
func (l *Log) Tick(now time.Time) {
	if l == nil {
		return
	}
	if trail := l.trail.Load(); trail != nil {
		trail.Tick(now)
	}
}
