package state

import (
	"math"
	"time"
)

// More has the rules of a program that sets keys which the original does not have. It is never changed, so processes may
// share it.
type More struct {
	Policy       Policy
	Stop         []Step        // the stop plan; empty: the stop signal
	KillWait     time.Duration // between repetitions of SIGKILL; 0: by StopWait
	NeedsReady   bool          // RUNNING begins no earlier than Ready
	ReadyTimeout time.Duration // from the spawn to Ready; 0: any
}

// Policy decides when a process is started again by itself, and when no more. DefaultPolicy is what the original does.
type Policy struct {
	Pause      time.Duration // before every automatic start but the first
	Increment  time.Duration // of the wait after each failed start in a row
	Factor     float64       // above 1: by which each wait is longer than the one before, instead
	MaxBackoff time.Duration // the longest wait; 0: maxWait
	Jitter     float64       // from 0 to 1: the part of a wait by which it may be shorter or longer
	CrashLimit int           // so many unexpected ends within CrashTime are too many; 0: any number is allowed
	CrashTime  time.Duration
}

// DefaultPolicy waits a second more after each failed start.
var DefaultPolicy = Policy{Increment: time.Second, Factor: 1}

// Forever is the StartRetries of a program that never gives up.
const Forever = -1

// maxWait is the longest wait of a policy. Without it a wait that doubles would overflow.
const maxWait = 24 * time.Hour

// wait returns the time between a failed start and the next one, without the pause, after so many failures in a row. Chance
// is from 0 to 1, 1 excluded, and decides about the jitter.
func (p *Policy) wait(tries int, chance float64) time.Duration {
	secs := p.Increment.Seconds() * float64(tries)
	if p.Factor > 1 {
		secs = p.Increment.Seconds() * math.Pow(p.Factor, float64(tries-1))
	}
	longest := maxWait.Seconds()
	if p.MaxBackoff > 0 {
		longest = min(longest, p.MaxBackoff.Seconds())
	}
	if !(secs < longest) { // also if it is not a number: nothing times infinity
		secs = longest
	}
	if p.Increment == 0 {
		secs = 0
	}
	if p.Jitter > 0 {
		secs = min(secs*(1-p.Jitter+2*p.Jitter*chance), longest)
	}
	return time.Duration(math.Round(secs * float64(time.Second)))
}

// wait returns the time between a failed start and the next one, after so many failures in a row. It is never so short that a
// program that fails at once takes all of the processor.
func (r Rules) wait(tries int, chance float64) time.Duration {
	if r.More == nil {
		return time.Duration(tries) * time.Second
	}
	return max(r.More.Policy.wait(tries, chance)+r.More.Policy.Pause, startSpacing)
}

// pause returns the time before an automatic start that follows no failed one.
func (r Rules) pause() time.Duration {
	if r.More == nil {
		return 0
	}
	return r.More.Policy.Pause
}

// TakesChance reports whether events need a random number.
func (r Rules) TakesChance() bool { return r.More != nil && r.More.Policy.Jitter > 0 }

// exhausted reports whether so many failed starts in a row are too many.
func (r Rules) exhausted(tries int) bool { return tries > r.StartRetries && r.StartRetries != Forever }

// Crashes are the moments at which a process ended unexpectedly, no longer ago than its rules look back. A list is never
// changed: machines share it.
type Crashes struct{ At []time.Time }

// crashed returns the crashes after one more at now, nil if the rules have no limit.
func (m Machine) crashed(now time.Time, r Rules) *Crashes {
	if r.More == nil || r.More.Policy.CrashLimit == 0 {
		return nil
	}
	next := &Crashes{}
	if m.Crashes != nil {
		for _, at := range m.Crashes.At {
			if now.Sub(at) < r.More.Policy.CrashTime {
				next.At = append(next.At, at)
			}
		}
	}
	next.At = append(next.At, now)
	return next
}

// CrashedTooOften reports whether the last unexpected end of the process was one too many.
func (m Machine) CrashedTooOften(r Rules) bool {
	return m.Crashes != nil && r.More != nil && r.More.Policy.CrashLimit > 0 && len(m.Crashes.At) >= r.More.Policy.CrashLimit
}
