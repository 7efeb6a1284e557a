package config

import (
	"time"
)

var dependsPart partAt[Depends] = func(e *Extra) **Depends { return &e.Depends }

// dependKeys are the keys of a program about what it depends on.
var dependKeys = inPart(dependsPart, table[Process](
	Key{Sections: InPrograms, Scope: inProgram, Update: inPlace, Topic: startTopic, Since: Ours},
	&extraKey[[]string]{Key: Key{Name: "depends_on", Default: none, Other: "-q:exited",
		Help: "programs, groups or processes that must be up before the first automatic start, see " +
			"[dependencies](howto-dependencies.md)"},
		Type: listType, Field: func(e *Extra) *[]string { return &e.Depends.On }},
	&extraKey[time.Duration]{Key: Key{Name: "dependency_timeout", Other: "30",
		Help: "how long the first automatic start waits for `depends_on` before it fails; 0: for ever"},
		Type: durationType, Field: func(e *Extra) *time.Duration { return &e.Depends.Timeout }},
	&extraKey[string]{Key: Key{Name: "dependency_loss", Other: "restart",
		Help: "what to do when none of the processes of a dependency is up any more: nothing; stop, and start when it is back; " +
			"restart when it is back"},
		Type: oneOf(LossIgnore, LossStop, LossRestart), Absent: LossIgnore, Field: func(e *Extra) *string { return &e.Depends.Loss }},
	&extraKey[time.Duration]{Key: Key{Name: "startdelay", Other: "1.5",
		Help: "time between the moment at which the first automatic start is allowed, and the start"},
		Type: durationType, Field: func(e *Extra) *time.Duration { return &e.Depends.StartDelay }},
))

// paceKeys are the keys of [supervisord] about dependencies and the pace of first starts.
var paceKeys = []row[settings]{
	&daemonKey[bool]{Key: Key{Name: "dependencies", Topic: childTopic, Since: Ours, Other: "strict",
		Help: "what to do about unknown names and cycles in `depends_on`: a warning, and they count for nothing; or an error"},
		Type: choice("lenient", "strict"), Field: func(s *settings) *bool { return &s.StrictDependencies }},
	&daemonKey[time.Duration]{Key: Key{Name: "start_interval", Topic: childTopic, Since: Ours, Other: "0.2",
		Help: "least time between two first automatic starts"},
		Type: durationType, Field: func(s *settings) *time.Duration { return &s.StartInterval }},
	&daemonKey[int]{Key: Key{Name: "max_starting", Topic: childTopic, Since: Ours, Other: "4",
		Help: "how many processes may be `STARTING` by a first automatic start at once; 0: any number"},
		Type:  intType.with("integer from 0", func(s string) (int, error) { return parseWithin(s, 0, maxProcesses) }),
		Field: func(s *settings) *int { return &s.MaxStarting }},
}

// maxProcesses is beyond any number of processes of a supervisord.
const maxProcesses = 1 << 30

// What happens to a process when what it depends on is lost.
const (
	LossIgnore  = "ignore"
	LossStop    = "stop"    // it is stopped, and started when the dependency is back
	LossRestart = "restart" // it is restarted when the dependency is back
)
