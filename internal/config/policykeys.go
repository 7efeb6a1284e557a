package config

import "time"

// Policy decides how long a process waits before it is started again, and when it is not any more.
type Policy struct {
	Pause      time.Duration // restartpause
	Increment  time.Duration // backoffincrement
	Factor     float64       // backofffactor
	MaxBackoff time.Duration // 0: no limit
	Jitter     float64
	Crashes    CrashLimit
}

// CrashLimit is a number of unexpected ends within a time. The zero value is no limit.
type CrashLimit struct {
	Ends int           `json:"ends"`
	Time time.Duration `json:"time"`
}

// policyKeys are the keys of Policy.
var policyKeys = inPart(func(e *Extra) **Policy { return &e.Policy }, table[Process](
	Key{Sections: InPrograms | InDefault, Topic: startTopic, Scope: inProgram, Update: inPlace, Since: Ours},
	&extraKey[time.Duration]{Key: Key{Name: "restartpause", Other: "2",
		Help: "wait before every automatic start but the first, see [restart policies](howto-restart-policy.md)"},
		Type: durationType, Field: func(e *Extra) *time.Duration { return &e.Policy.Pause }},
	&extraKey[time.Duration]{Key: Key{Name: "backoffincrement", Other: "0.5",
		Help: "by which the wait grows with each failed start in a row"},
		Type: durationType, Absent: time.Second, Field: func(e *Extra) *time.Duration { return &e.Policy.Increment }},
	&extraKey[float64]{Key: Key{Name: "backofffactor", Other: "2",
		Help: "above 1: each wait is so many times the one before, the first is `backoffincrement`"},
		Type: decimalFrom(1), Absent: 1, Field: func(e *Extra) *float64 { return &e.Policy.Factor }},
	&extraKey[time.Duration]{Key: Key{Name: "maxbackoff", Other: "1m",
		Help: "the longest wait after a failed start; 0: no limit but a day"},
		Type: durationType, Field: func(e *Extra) *time.Duration { return &e.Policy.MaxBackoff }},
	&extraKey[float64]{Key: Key{Name: "backoffjitter", Other: "0.1",
		Help: "the part by which a wait is made shorter or longer at random, so that programs do not start at the same moment"},
		Type: decimalWithin(0, 1), Field: func(e *Extra) *float64 { return &e.Policy.Jitter }},
	&extraKey[CrashLimit]{Key: Key{Name: "crashlimit", Default: none, Other: "5/1m",
		Help: "give up after so many unexpected exits within a time"},
		Type: crashLimitType, Field: func(e *Extra) *CrashLimit { return &e.Policy.Crashes }},
))
