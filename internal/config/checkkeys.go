package config

import (
	"errors"
	"math"
	"slices"
	"time"
)

// HealthCheck has the values of the keys of the liveness check or the readiness check of a program.
type HealthCheck struct {
	Script           CheckScript
	InitialDelay     time.Duration // until the first one
	Period           time.Duration // from the beginning of one to that of the next
	Timeout          time.Duration // of one
	SuccessThreshold int           // successes in a row that make the process healthy
	FailureThreshold int           // failures in a row that make it unhealthy
	SuccessAction    CheckAction
	FailureAction    CheckAction
}

// HealthChecks has the checks of a program.
type HealthChecks struct{ Liveness, Readiness *HealthCheck }

// Used is true if there is a check.
func (c HealthChecks) Used() bool { return c.Liveness.Used() || c.Readiness.Used() }

// Used is true if the program has this check.
func (c *HealthCheck) Used() bool { return c != nil && c.Script.Kind != NoCheck }

const checkTopic = "Health checks"

// checkSections are the sections whose programs may have checks: listeners are checked by their protocol.
const checkSections = InProgram | InFastCGI | InInterface | InDefault

// checkDefaults are the defaults that the two checks do not have in common.
type checkDefaults struct {
	delay, period, timeout time.Duration
	onFailure              CheckAction
}

// checkKeys are the keys of both checks. Those of liveness have the defaults of other supervisors.
var checkKeys = append(
	keysOfCheck("liveness", "restarts a process that runs but does not work, see [health checks](howto-health-checks.md)",
		"from RUNNING", func(e *Extra) **HealthCheck { return &e.Checks.Liveness },
		checkDefaults{60 * time.Second, 60 * time.Second, 30 * time.Second, CheckAction{Kind: ActionRestart}}),
	keysOfCheck("readiness", "reports whether a process can be used, see [health checks](howto-health-checks.md)",
		"from the start", func(e *Extra) **HealthCheck { return &e.Checks.Readiness },
		checkDefaults{0, 10 * time.Second, 5 * time.Second, CheckAction{}})...)

func keysOfCheck(name, purpose, from string, at partAt[HealthCheck], d checkDefaults) []row[Process] {
	name += "_check_"
	check := func(e *Extra) *HealthCheck { return *at(e) }
	return inPart(at, table[Process](Key{Sections: checkSections, Topic: checkTopic, Scope: inProcess, Update: inPlace, Since: Ours},
		&extraKey[CheckScript]{Key: Key{Name: name + "script", Default: none, Secret: true, Other: "tcp://127.0.0.1:80",
			Help: "`http://…` or `https://…` with options, `tcp://host:port`, `unix:///path`, or a command: " + purpose},
			Type: namedCheck(name + "script"), Field: func(e *Extra) *CheckScript { return &check(e).Script }},
		&extraKey[time.Duration]{Key: Key{Name: name + "initial_delay", Other: "7", Help: from + " to the first one"},
			Type: durationType, Absent: d.delay, Field: func(e *Extra) *time.Duration { return &check(e).InitialDelay }},
		&extraKey[time.Duration]{Key: Key{Name: name + "period", Other: "7", Help: "from the beginning of one to that of the next"},
			Type: durationFrom(name+"period", shortestPeriod), Absent: d.period, Field: func(e *Extra) *time.Duration { return &check(e).Period }},
		&extraKey[time.Duration]{Key: Key{Name: name + "timeout", Other: "7", Help: "after which one has failed"},
			Type: positiveDurationType, Absent: d.timeout, Field: func(e *Extra) *time.Duration { return &check(e).Timeout }},
		&extraKey[int]{Key: Key{Name: name + "success_threshold", Other: "2", Help: "successes in a row that make it healthy"},
			Type: thresholdType, Absent: 1, Field: func(e *Extra) *int { return &check(e).SuccessThreshold }},
		&extraKey[int]{Key: Key{Name: name + "failure_threshold", Other: "2", Help: "failures in a row that make it unhealthy"},
			Type: thresholdType, Absent: 3, Field: func(e *Extra) *int { return &check(e).FailureThreshold }},
		&extraKey[CheckAction]{Key: Key{Name: name + "success_action", Secret: true, Other: "/bin/true",
			Help: "what to do when it is healthy again"},
			Type: successActionType, Field: func(e *Extra) *CheckAction { return &check(e).SuccessAction }},
		&extraKey[CheckAction]{Key: Key{Name: name + "failure_action", Secret: true, Other: "stop",
			Help: "what to do when it is unhealthy"},
			Type: actionType, Absent: d.onFailure, Field: func(e *Extra) *CheckAction { return &check(e).FailureAction }},
	))
}

// namedCheck is checkType for a key, whose name is in the messages.
func namedCheck(key string) *Type[CheckScript] {
	return checkType.with(checkType.name, func(text string) (CheckScript, error) {
		c, err := parseCheck(text)
		if wrong := (*checkError)(nil); errors.As(err, &wrong) {
			wrong.shown = "invalid '" + key + "' value " + wrong.shown
		}
		return c, err
	})
}

var thresholdType = intType.with("integer from 1", func(text string) (int, error) { return parseWithin(text, 1, math.MaxInt32) })

// shortestPeriod is the shortest period of a check.
const shortestPeriod = 100 * time.Millisecond

// requireReadinessCheck refuses ready=check without a check.
func requireReadinessCheck(k *sectionReader, p *Process) {
	if p.Extra != nil && p.Extra.Notify.Ready.How == ReadyCheck && !p.Extra.Checks.Readiness.Used() && k.err == nil &&
		!slices.Contains(k.failed, "readiness_check_script") {
		k.failf("ready", "ready=check needs readiness_check_script")
	}
}
