package orphans

import (
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// Step is a signal of a stop plan, and how long the child has until the next one, or SIGKILL after the last; negative: without limit.
type Step struct {
	Signal syscall.Signal
	Wait   time.Duration
}

// plan is the stop plan. It has at least one step.
func (c *Child) plan() []Step {
	if len(c.Plan) == 0 {
		return []Step{{c.StopSignal, c.StopWait}}
	}
	return c.Plan
}

// endless is the wait of a step without limit, in the record.
const endless = -1

// formatPlan writes a plan as SIGNAL:MILLISECONDS, separated by commas.
func formatPlan(plan []Step) string {
	var b []byte
	for i, s := range plan {
		if i > 0 {
			b = append(b, ',')
		}
		wait := int64(endless)
		if s.Wait >= 0 {
			wait = min(s.Wait.Milliseconds(), maxWait*1000)
		}
		b = strconv.AppendInt(b, int64(s.Signal), 10)
		b = append(b, ':')
		b = strconv.AppendInt(b, wait, 10)
	}
	return string(b)
}

// parsePlan reads what formatPlan wrote; nil for nothing.
func parsePlan(text string) (plan []Step, ok bool) {
	if text == "" {
		return nil, true
	}
	for s := range strings.SplitSeq(text, ",") {
		number, wait, _ := strings.Cut(s, ":")
		sig, err1 := strconv.Atoi(number)
		ms, err2 := strconv.ParseInt(wait, 10, 64)
		if err1 != nil || err2 != nil || sig < 1 || sig > maxSignal || ms < endless || ms > maxWait*1000 {
			return nil, false
		}
		step := Step{syscall.Signal(sig), time.Duration(ms) * time.Millisecond}
		if ms == endless {
			step.Wait = endless
		}
		plan = append(plan, step)
	}
	return plan, true
}

// target is a survivor whose first signal has been sent.
type target struct {
	*Survivor
	steps []Step    // those left; the first one has been taken
	next  time.Time // when the next is due
}

// takeSteps takes the steps that are left, and SIGKILL, for all that do not end before.
func takeSteps(survivors []*Survivor, log *logs.Main) {
	targets := make([]*target, len(survivors))
	began := time.Now()
	for i, s := range survivors {
		targets[i] = &target{Survivor: s, steps: s.plan()}
		targets[i].schedule(began)
	}
	for len(targets) > 0 {
		t := slices.MinFunc(targets, func(a, b *target) int { return a.next.Compare(b.next) })
		if t.wait(time.Until(t.next)) || !t.step(log) {
			targets = slices.DeleteFunc(targets, func(o *target) bool { return o == t })
		}
	}
}

// schedule sets when the next step is due, from the beginning of the present one.
func (t *target) schedule(now time.Time) {
	wait := t.steps[0].Wait
	if wait < 0 {
		wait = maxWait * time.Second
	}
	t.next = now.Add(wait)
}

// step takes the next step. It returns false if that was SIGKILL.
func (t *target) step(log *logs.Main) (more bool) {
	if t.steps = t.steps[1:]; len(t.steps) == 0 {
		log.Warnf("killing %q (pid %d) of an earlier supervisord with SIGKILL", t, t.PID)
		if err := t.signal(syscall.SIGKILL, t.KillAsGroup); err != nil {
			log.Warnf("cannot kill %q (pid %d): %v", t, t.PID, err)
		}
		return false
	}
	sig := t.steps[0].Signal
	log.Infof("%q (pid %d) of an earlier supervisord did not stop in time, going on with %s", t, t.PID, signame.Name(sig))
	t.send(sig, log)
	t.schedule(time.Now())
	return true
}

// send sends a signal of the plan.
func (s *Survivor) send(sig syscall.Signal, log *logs.Main) {
	if err := s.signal(sig, s.StopAsGroup || sig == syscall.SIGKILL && s.KillAsGroup); err != nil {
		log.Warnf("cannot signal %q (pid %d): %v", s, s.PID, err)
	}
}
