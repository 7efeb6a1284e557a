package supervisor

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// deadline is an item of the timers that belongs to the loop itself.
type deadline struct {
	timers.Slot
	at  time.Time // with a monotonic reading; zero: never
	run func(now time.Time)
}

// Wake implements timers.Item.
func (d *deadline) Wake() time.Time { return d.at }

// Tick implements timers.Item.
func (d *deadline) Tick(now time.Time) { d.run(now) }

// schedule has d run at a time, zero for never.
func (l *Loop) schedule(d *deadline, at time.Time) {
	d.at = at
	l.timers.Set(d)
}

// due is true if there is work to do now.
func (l *Loop) due(now time.Time) bool {
	return l.ticks.Due(&l.shared.Events, now) || l.mayStart() || l.depends != nil && l.depends.due() || l.timers.Due(now) != nil
}

// work takes one step of what is due: at most one first start and one deadline, so that requests are served between
// starts.
func (l *Loop) work(now time.Time) {
	if l.alarmed && !l.onlyCheck(now) {
		l.alarmed = false
		l.reap(now) // an exit that has happened by now precedes a deadline that was later
	}
	if l.ticks.Due(&l.shared.Events, now) { // also when the clock was set
		l.tick(now)
	}
	if l.depends != nil && l.depends.due() {
		l.depends.review(now)
	}
	if l.files != nil && !l.files.logs.at.IsZero() { // before a start makes a log
		l.excludeLogs(now)
	}
	if l.mayStart() {
		l.startPending(now)
	}
	if item := l.timers.Due(now); item != nil {
		item.Tick(now)
	}
}

// onlyCheck reports whether a check is all that is due. That of a process that has ended counts for nothing, so exits need not be
// looked for, which takes the kernel a look at each child: of a thousand programs, each has checks at other times.
func (l *Loop) onlyCheck(now time.Time) bool {
	_, ok := l.timers.Due(now).(*check.Monitor)
	return ok && !l.ticks.Due(&l.shared.Events, now) && !l.mayStart() && (l.depends == nil || !l.depends.due())
}

// tick emits the events of ticks that are due, and schedules the next.
func (l *Loop) tick(now time.Time) {
	l.ticks.Tick(&l.shared.Events, now)
	l.scheduleTick(now)
}

// scheduleTick schedules the next tick that a pool subscribes to. Ticks follow the wall clock, deadlines do not.
func (l *Loop) scheduleTick(now time.Time) {
	next := l.ticks.Next(&l.shared.Events, now)
	if !next.IsZero() {
		next = now.Add(next.Sub(now.Round(0)))
	}
	l.schedule(&l.nextTick, next)
}

// resumeEvents does what the pools have to do now, and schedules when they have to do something next: send a listener what
// it did not accept, or end a result handler that took too long.
func (l *Loop) resumeEvents(now time.Time) {
	l.schedule(&l.nextResume, l.shared.Events.Resume(now))
	l.killBroken(now)
}

// mayStart reports whether a process waits for its first start and nothing holds it back.
func (l *Loop) mayStart() bool {
	return len(l.pending) > 0 && l.clear == nil && (l.depends == nil || l.depends.pace.allows())
}

// startPending starts the first process of those that wait for their first start, unless a request has been faster.
func (l *Loop) startPending(now time.Time) {
	p := l.pending[0]
	l.pending = l.pending[1:]
	switch {
	case l.depends == nil:
		p.AutoStart(now)
	case l.depends.admit(p, now):
		p.AutoStart(now)
		l.depends.started(p, now)
	}
	l.settledIfNone()
}

// alarm fires at the next deadline; it is nil, and never fires, if there is none.
func (l *Loop) alarm() <-chan time.Time {
	at := l.timers.Next()
	if !l.pausedUntil.IsZero() {
		at = l.pausedUntil
	}
	if at.IsZero() {
		l.timer.Stop()
		return nil
	}
	l.timer.Reset(time.Until(at))
	return l.timer.C
}
