package process

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/state"
)

// extra is what a process of a program with keys of config.Extra has beyond others. All others have none, so that these keys
// cost them nothing.
type extra struct {
	ends     *ends   // nil: no run has ended, and none is being ended
	notify   *notify // nil: its program uses nothing of config.Notify
	gate     *Gate   // nil: nothing holds it back
	hooks    hooks
	noChild  bool         // the last start gave no child
	asked    bool         // the start that is to come was requested when the gate was shut already
	disabled bool         // an operator wants no start without a request
	health   check.Health // that of the checks as it was published last
	overall  check.Health // that of checks and watchdog
	cgroup   *cgrouped    // nil: the program wants no cgroup
	files    *files       // nil: its program watches no files
	timing   *timing      // nil: the program has no schedule
	aging    *aging       // nil: the process may have any age
	memory   *memory      // nil: it may use any amount of memory
	turning  *turning     // nil: no log of it has been open that is rotated by the clock

	listening *listening // nil: its program has no sockets=

	checks  *check.Monitor // nil: the program has no checks
	since   int64          // when overall changed, in seconds since 1970
	changed time.Time      // when anything changed that clients see

	deferred *deferred // nil: the configuration is in use

	recycled map[api.Why]uint32 // how often, but by requests; nil: never
}

// ends is why runs of a process end.
type ends struct {
	cause  api.Reason // why supervisord ends the child; zero: it does not
	reason api.Reason // why the last run ended
}

// reasons returns why runs end.
func (x *extra) reasons() ends {
	if x.ends == nil {
		return ends{}
	}
	return *x.ends
}

// setReasons changes why runs end.
func (x *extra) setReasons(e ends) {
	if x.reasons() != e {
		x.ends = &e
	}
}

// newExtra returns the extra of a process of a program, nil if it has none of these keys.
func newExtra(c *config.Process) *extra {
	if c.Extra == nil && c.Backoff.Retries != state.Forever && len(c.Limits) == 0 {
		return nil
	}
	return &extra{}
}

// moreRules returns the rules about keys of config.Extra, nil if the program has none of them. Equal rules of one process after the
// other are one value, since there may be thousands of them.
func (s *Shared) moreRules(c *config.Process) *state.More {
	if c.Extra == nil || c.Extra != s.lastExtra || c.Program != s.lastProgram { // rules are also those of other keys
		s.lastExtra, s.lastProgram = c.Extra, c.Program
		if more := newMore(c); !reflect.DeepEqual(more, s.lastMore) {
			s.lastMore = more
		}
	}
	return s.lastMore
}

func newMore(c *config.Process) *state.More {
	if c.Extra == nil && c.Backoff.Retries != state.Forever {
		return nil
	}
	more := &state.More{Policy: state.DefaultPolicy}
	if c.Extra != nil {
		p := c.Extra.Policy
		more.Policy = state.Policy{Pause: p.Pause, Increment: p.Increment, Factor: p.Factor, MaxBackoff: p.MaxBackoff,
			Jitter: p.Jitter, CrashLimit: p.Crashes.Ends, CrashTime: p.Crashes.Time}
		more.NeedsReady, more.ReadyTimeout = c.Extra.Notify.Ready.How != config.ReadySecs, c.Extra.Notify.Timeout
		more.Stop, more.KillWait = stopPlan(c), c.Extra.StopPlan.KillWait
	}
	return more
}

// because notes why supervisord is about to end the child.
func (p *Process) because(r api.Reason) {
	if p.extra != nil {
		e := p.extra.reasons()
		e.cause = r
		p.extra.setReasons(e)
	}
}

// stopReason is why a stop that comes from outside ends the child.
func (p *Process) stopReason() api.Reason {
	if p.shared.ShuttingDown {
		return api.Reason{Why: api.WhyShutdown}
	}
	return api.Reason{Why: api.WhyRequest}
}

// noChild notes that a start gave no child.
func (p *Process) noChild() {
	if p.extra != nil {
		p.endedBecause(api.Reason{Why: api.WhySpawn})
		p.extra.noChild = true
	}
}

// endedBecause notes why the last run ended.
func (p *Process) endedBecause(r api.Reason) {
	e := p.extra.reasons()
	e.reason = r
	p.extra.setReasons(e)
}

// ended notes why a run has ended: for the cause, or else by itself.
func (x *extra) ended(code int) {
	if x == nil {
		return
	}
	reason := x.reasons().cause
	switch {
	case reason.Why != "":
	case x.cgroup != nil && x.cgroup.oom:
		reason = api.Reason{Why: api.WhyOOM}
	case code < 0:
		reason = api.Reason{Why: api.WhySignal}
	default:
		reason = api.Reason{Why: api.WhyExit}
	}
	x.setReasons(ends{reason: reason})
	x.noChild = false
	if x.files != nil {
		x.files.plan = nil
	}
}

// hasPolicy reports whether the program sets a key of a restart policy.
func (p *Process) hasPolicy() bool {
	return p.rules.More != nil && (p.rules.More.Policy != state.DefaultPolicy || p.rules.StartRetries == state.Forever)
}

// nextStart is when the process is started again without a request, zero if it is not.
func (p *Process) nextStart() time.Time {
	s := p.machine.State
	if s != api.Backoff && s != api.Exited && s != api.Stopped || p.shared.ShuttingDown || p.machine.CrashedTooOften(p.rules) {
		return time.Time{}
	}
	return p.Wake()
}

// more is what clients see of the process beyond what they see of others, nil for nothing.
func (p *Process) more(now time.Time) *api.ProcessMore {
	x := p.extra
	if x == nil {
		return nil
	}
	restarts := int(p.past.counts.Restarts)
	more := &api.ProcessMore{WaitsFor: p.Gate().WaitsFor, StopStep: p.stopStep(), Stale: p.Stale(), Limits: p.limitsText()}
	if at := p.Gate().NextStart; !at.IsZero() {
		more.NextStart = new(int(at.Unix()))
	}
	if reason := x.reasons().reason; reason.Shown() {
		more.Reason = reason.String()
	}
	if n := p.notify(); n != nil {
		n.members(more)
	}
	if x.disabled {
		more.Disabled = new(true)
	}
	p.moreHealth(more)
	if more.Health != "" && x.overall != check.Unknown {
		more.HealthSince = new(int(x.since))
	}
	if x.checks != nil || x.files != nil {
		more.Restarts = new(restarts)
	}
	if p.hasPolicy() {
		more.Restarts = new(restarts)
		if at := p.nextStart(); !at.IsZero() {
			more.NextStart = new(int(at.Unix()))
		}
	}
	p.moreTiming(more, now)
	return more
}

// withChance gives an event the random number that the rules need.
func withChance(e state.Event, r state.Rules) state.Event {
	if r.TakesChance() {
		e.Chance = rand.Float64()
	}
	return e
}

// gaveUp logs why the process is FATAL, and keeps it for clients if no failed start is the reason.
func (p *Process) gaveUp(from api.State) {
	if from == api.Backoff {
		p.LogGaveUp().Infof("gave up: %s entered FATAL state, too many start retries too quickly", p.Name())
		return
	}
	policy := &p.rules.More.Policy
	p.spawnErr = fmt.Sprintf("%d crashes within %s seconds", policy.CrashLimit,
		strconv.FormatFloat(policy.CrashTime.Seconds(), 'f', -1, 64))
	p.LogGaveUp().Infof("gave up: %s entered FATAL state, %s (crashlimit)", p.Name(), p.spawnErr)
}
