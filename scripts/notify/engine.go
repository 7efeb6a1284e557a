package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/notify"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

const (
	// grace is how long deliveries may take after supervisord has asked for the end; it kills after stopwaitsecs, 10 s by default.
	grace = 5 * time.Second
	// spoolRetry is how often a spool that could not be written is tried again.
	spoolRetry = time.Second
)

// engine owns the machine and the spool. Its goroutine is that of run; others read events and deliver, and send to it.
type engine struct {
	machine *notify.Machine
	spool   *spool // nil: none
	senders map[string]sender

	events  chan arrival
	results chan notify.Result
	ended   chan error
	busy    map[string]bool // the messages that are being delivered

	origin time.Time // from which the time is counted, so that a change of the clock changes nothing
	base   time.Time
	first  bool      // no event has come yet
	failed time.Time // when the spool could not be written
}

// arrival is an event. done is closed when it may be acknowledged.
type arrival struct {
	event notify.Event
	done  chan struct{}
}

func newEngine(rules []config.Notification, senders map[string]sender, s *spool, state notify.State, inputs []notify.Input) *engine {
	m, dead := notify.New(hostName(), rules, state)
	for _, in := range inputs {
		m.Apply(in) // dead letters were written before the inputs
	}
	now := time.Now()
	e := &engine{machine: m, spool: s, senders: senders, events: make(chan arrival), results: make(chan notify.Result),
		ended: make(chan error, 1), busy: map[string]bool{}, origin: now, base: now.UTC().Round(0), first: true}
	if e.base.Before(m.Time) {
		e.base = m.Time
	}
	e.bury(dead)
	e.save()
	return e
}

// now is the time, which never goes back.
func (e *engine) now() time.Time { return e.base.Add(time.Since(e.origin)) }

// run handles events until their end, or until a signal comes, and returns the exit status.
func (e *engine) run(in io.Reader, out io.Writer, stop <-chan os.Signal) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go e.read(in, out)
	status, stopping := statusDone, false
	timer := time.NewTimer(time.Hour)
	var over <-chan time.Time // nil: not yet
	for {
		waits, any := e.deliver(ctx, timer)
		if stopping && !any {
			break
		}
		select {
		case a := <-e.events:
			e.apply(notify.Input{Event: &a.event, First: e.first})
			e.first = false
			close(a.done)
			continue
		case r := <-e.results:
			delete(e.busy, r.ID)
			e.apply(notify.Input{Result: &r})
			continue
		case err := <-e.ended:
			if err != nil {
				logf("cannot read events: %v", err)
				status = statusFailed
			}
		case <-stop:
		case <-over:
			logf("%d messages are not sent yet", e.machine.Waiting())
			over, stopping = nil, true
			cancel()
			e.save()
			return status
		case <-timer.C:
			if waits {
				e.apply(notify.Input{})
			}
			continue
		}
		if !stopping {
			stopping, over = true, time.After(grace)
			e.apply(notify.Input{End: true})
		}
	}
	e.save()
	return status
}

// read reads events, and acknowledges each when it is in the spool.
func (e *engine) read(in io.Reader, out io.Writer) {
	l := childutils.NewListener(in, out)
	l.CountBytes = os.Getenv("SUPERVISOR_PAYLOAD_LENGTH") == "bytes"
	for {
		event, err := l.Next()
		if err == nil {
			a := arrival{notify.Parse(event), make(chan struct{})}
			e.events <- a
			<-a.done
			err = l.OK()
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			e.ended <- err
			return
		}
	}
}

// apply gives an input to the machine, and writes it to the spool.
func (e *engine) apply(in notify.Input) {
	numbered := e.machine.Next(e.now(), randomID())
	in.Number, in.Time, in.ID = numbered.Number, numbered.Time, numbered.ID
	dead, lost := e.machine.Apply(in)
	if lost > 0 {
		logf("%s", notify.LostText(lost))
	}
	e.bury(dead)
	s := e.spool
	switch {
	case s == nil:
	case s.broken:
		if time.Since(e.failed) > spoolRetry {
			e.save()
		}
	default:
		if err := s.append(in); err != nil {
			e.report(err)
		} else if s.isLong() {
			e.save()
		}
	}
}

// save writes the state to the spool.
func (e *engine) save() {
	if e.spool == nil {
		return
	}
	was := e.spool.broken
	switch err := e.spool.save(e.machine.State); {
	case err != nil && !was:
		e.report(err)
	case err != nil:
		e.failed = time.Now()
	case was:
		logf("the spool can be written again")
	}
}

func (e *engine) report(err error) {
	e.failed = time.Now()
	logf("cannot write the spool: %v; what is not sent is kept in memory", err)
}

// bury keeps messages that will not be delivered.
func (e *engine) bury(dead []notify.Dead) {
	for _, d := range dead {
		kept := "it is lost: there is no spool"
		if e.spool != nil {
			path, err := e.spool.bury(d)
			if kept = "it is in " + path; err != nil {
				kept = "it is lost: " + err.Error()
			}
			if path == "" {
				e.machine.Drop(d.Target)
			}
		} else {
			e.machine.Drop(d.Target)
		}
		logf("[notify:%s] gives up a message (%s): %s; %s", d.Target, d.Message.Notice.Title, d.Reason, kept)
	}
}

// deliver starts the deliveries that are due, and sets the timer for what is next. waits is whether there is something to wait for; any
// is whether messages are being delivered.
func (e *engine) deliver(ctx context.Context, timer *time.Timer) (waits, any bool) {
	due, next := e.machine.Due(e.now(), e.busy)
	for target, list := range due {
		for _, m := range list {
			e.busy[m.ID] = true
			go e.try(ctx, target, *m)
		}
	}
	if next.IsZero() {
		timer.Reset(time.Hour)
	} else {
		timer.Reset(max(0, next.Sub(e.now())))
	}
	return !next.IsZero(), len(e.busy) > 0
}

// try delivers a message once.
func (e *engine) try(ctx context.Context, target string, m notify.Message) {
	r := e.senders[target].send(ctx, &m)
	r.Target, r.ID, r.Jitter = target, m.ID, mathrand.Float64()*2-1
	if r.Outcome == notify.Failed {
		logf("[notify:%s] cannot send %s (try %d): %s", target, m.ID, m.Tries+1, r.Reason)
	}
	select {
	case e.results <- r:
	case <-ctx.Done():
	}
}

// randomID returns 24 random characters.
func randomID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
