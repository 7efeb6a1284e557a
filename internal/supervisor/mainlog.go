package supervisor

import "time"

// watchMainLog sets the deadline at which the main log or the audit log is rotated by the clock, or their rotated files are looked at.
func (l *Loop) watchMainLog(now time.Time) {
	at := l.log.Soonest(now)
	if other := l.options.Audit.Soonest(now); at.IsZero() || !other.IsZero() && other.Before(at) {
		at = other
	}
	if !at.IsZero() {
		l.mainTurn.run = l.turnMainLog
		l.schedule(&l.mainTurn, at)
	}
}

// turnMainLog does what is due for these logs.
func (l *Loop) turnMainLog(now time.Time) {
	l.schedule(&l.mainTurn, time.Time{})
	l.log.Tick(now)
	l.options.Audit.Tick(now)
	l.watchMainLog(now)
}
