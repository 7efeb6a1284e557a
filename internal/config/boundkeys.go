package config

import "time"

// Bounds are how much memory a process may use, and how long it may run, before it is restarted.
type Bounds struct {
	Memory   Bytes         // 0: any
	Interval time.Duration // between two looks
	Action   CheckAction   // what to do if it uses more
	Age      time.Duration // 0: any
	Jitter   time.Duration // at most so much is added to Age
}

// boundKeys are the keys of Bounds.
var boundKeys = inPart(func(e *Extra) **Bounds { return &e.Bounds }, table[Process](
	Key{Sections: InPrograms | InDefault, Topic: limitTopic, Scope: inProgram, Update: inPlace, Since: Ours},
	&extraKey[Bytes]{Key: Key{Name: "maxmemory", Other: "200MB",
		Help: "resident memory of the process and its descendants above which it is restarted, see [memory and age](howto-memory.md); 0: any"},
		Type: sizeType, Field: func(e *Extra) *Bytes { return &e.Bounds.Memory }},
	&extraKey[time.Duration]{Key: Key{Name: "maxmemory_interval", Other: "7", Help: "time between two looks at it"},
		Type: durationFrom("maxmemory_interval", time.Second), Absent: 30 * time.Second,
		Field: func(e *Extra) *time.Duration { return &e.Bounds.Interval }},
	&extraKey[CheckAction]{Key: Key{Name: "maxmemory_action", Secret: true, Other: "stop", Help: "what to do instead of the restart"},
		Type: actionType, Absent: CheckAction{Kind: ActionRestart}, Field: func(e *Extra) *CheckAction { return &e.Bounds.Action }},
	&extraKey[time.Duration]{Key: Key{Name: "maxage", Other: "1d",
		Help: "time in RUNNING after which it is restarted, one process of a program after the other; 0: any"},
		Type: durationType, Field: func(e *Extra) *time.Duration { return &e.Bounds.Age }},
	&extraKey[time.Duration]{Key: Key{Name: "maxage_jitter", Other: "1h",
		Help: "at most so much is added to `maxage`, at random at each start"},
		Type: durationType, Field: func(e *Extra) *time.Duration { return &e.Bounds.Jitter }},
))

// Limit is maxmemory as a file has it.
func (b *Bounds) Limit() string { return sizeText(b.Memory) }

// Bounds returns the bounds of the process, which are the zero value without a key.
func (p *Process) Bounds() Bounds {
	if p.Extra == nil {
		return Bounds{}
	}
	return *p.Extra.Bounds
}
