package check

import (
	"slices"
	"time"
)

// Places are the probes, or commands, that may be in progress at once, in all. What is beyond waits. The loop owns them.
type Places struct {
	Max     int
	taken   int
	waiting []*attempt
}

// take calls a.begin now or when there is a place.
func (p *Places) take(a *attempt, now time.Time) {
	if p.taken < p.Max {
		p.taken++
		a.begin(now)
		return
	}
	p.waiting = append(p.waiting, a)
}

// release gives a place to the next that waits.
func (p *Places) release(now time.Time) {
	if len(p.waiting) == 0 {
		p.taken--
		return
	}
	a := p.waiting[0]
	p.waiting = slices.Delete(p.waiting, 0, 1)
	a.begin(now)
}

// forget removes one that waits.
func (p *Places) forget(a *attempt) {
	p.waiting = slices.DeleteFunc(p.waiting, func(x *attempt) bool { return x == a })
}
