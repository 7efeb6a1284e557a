package supervisor

import "time"

// watchMainLog sets the deadline at which the main log is rotated by the clock, or its rotated files are looked at.
func (l *Loop) watchMainLog(now time.Time) {
	if at := l.log.Soonest(now); !at.IsZero() {
		l.mainTurn.run = l.turnMainLog
		l.schedule(&l.mainTurn, at)
	}
}

// turnMainLog does what is due for the main log.
func (l *Loop) turnMainLog(now time.Time) {
	l.schedule(&l.mainTurn, time.Time{})
	l.log.Tick(now)
	l.watchMainLog(now)
}
