package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/schedule"
)

// Timing is when a program is started or restarted by the clock, and whether it runs to its end.
type Timing struct {
	Type        string // Simple or Oneshot
	Cron        string // the times of starts; empty: none
	RestartCron string // the times of restarts; empty: none
	Zone        string // of both; empty: local time
	Overlap     string // what to do if the run before has not ended: OverlapSkip, OverlapQueue or OverlapRestart
	CatchUp     bool   // a time that has passed unnoticed is made up for
}

// The types of programs.
const (
	Simple  = "simple"
	Oneshot = "oneshot" // it runs to its end
)

// What happens at a time of cron if the process has not ended.
const (
	OverlapSkip    = "skip"
	OverlapQueue   = "queue" // it is started when it has ended
	OverlapRestart = "restart"
)

// scheduleTopic is the heading of these keys in the reference.
const scheduleTopic = "Schedule"

// timingKeys are the keys of Timing.
var timingKeys = inPart(func(e *Extra) **Timing { return &e.Timing }, table[Process](
	Key{Sections: InProgram | InFastCGI | InDefault, Topic: scheduleTopic, Scope: inProgram, Update: inPlace, Since: Ours},
	&extraKey[string]{Key: Key{Name: "type", Other: Oneshot, Help: "`oneshot`: it runs to its end; the defaults are then `startsecs=0`, " +
		"`autorestart=false`, and `exited` as the condition in `depends_on` of others"},
		Type: oneOf(Simple, Oneshot), Absent: Simple, Field: func(e *Extra) *string { return &e.Timing.Type }},
	&extraKey[string]{Key: Key{Name: "cron", Sections: InProgram | InFastCGI, Default: none, Other: "30 3 * * *",
		Help: "when it is started, as in crontab(5), with seconds in front or without, or `@daily`, `@every 90s` and so on, see " +
			"[schedules](howto-schedules.md); the defaults are then `type=oneshot` and `autostart=false`"},
		Type: cronType("cron"), Field: func(e *Extra) *string { return &e.Timing.Cron }},
	&extraKey[string]{Key: Key{Name: "restart_cron", Sections: InProgram | InFastCGI, Default: none, Other: "30 3 * * *",
		Help: "when it is restarted, if it is RUNNING"},
		Type: cronType("restart_cron"), Field: func(e *Extra) *string { return &e.Timing.RestartCron }},
	&extraKey[string]{Key: Key{Name: "cron_timezone", Default: "local time", Other: "UTC",
		Help: "the time zone of `cron` and `restart_cron`, such as `Europe/Berlin`"},
		Type: zoneType, Field: func(e *Extra) *string { return &e.Timing.Zone }},
	&extraKey[string]{Key: Key{Name: "cron_overlap", Other: OverlapQueue,
		Help: "what to do at a time of `cron` if the run before has not ended: nothing, start it once at its end, or restart it"},
		Type: oneOf(OverlapSkip, OverlapQueue, OverlapRestart), Absent: OverlapSkip,
		Field: func(e *Extra) *string { return &e.Timing.Overlap }},
	&extraKey[bool]{Key: Key{Name: "cron_catchup", Other: "true",
		Help: "start it once if times of `cron` have passed while the machine slept or, with `statefile`, while supervisord did not run"},
		Type: boolType, Field: func(e *Extra) *bool { return &e.Timing.CatchUp }},
))

// cronType is the type of a cron expression of a key, whose name is in the messages.
func cronType(key string) *Type[string] {
	return textType.with("cron expression", func(text string) (string, error) {
		if _, err := schedule.Parse(text, time.UTC); err != nil {
			return "", fmt.Errorf("invalid '%s' value %s: %w", key, pyrepr.Quote(text), err)
		}
		return text, nil
	})
}

var zoneType = textType.with("time zone", func(text string) (string, error) {
	if _, err := schedule.Zone(text); err != nil {
		return "", fmt.Errorf("invalid 'cron_timezone' value %s: %w", pyrepr.Quote(text), err)
	}
	return text, nil
})

// Schedules returns the schedules of cron and restart_cron, nil for none. They have been read without an error.
func (t *Timing) Schedules() (start, restart *schedule.Schedule) {
	zone := time.Local
	if t.Zone != "" {
		if read, err := schedule.Zone(t.Zone); err == nil { // else its file is gone since
			zone = read
		}
	}
	return scheduleOf(t.Cron, zone), scheduleOf(t.RestartCron, zone)
}

func scheduleOf(text string, zone *time.Location) *schedule.Schedule {
	if text == "" {
		return nil
	}
	s, err := schedule.Parse(text, zone)
	if err != nil {
		return nil
	}
	return s
}

// Oneshot reports whether the program runs to its end.
func (p *Process) Oneshot() bool {
	return p.Extra != nil && (p.Extra.Timing.Type == Oneshot || p.Extra.Timing.Cron != "" && !p.Extra.sets("type"))
}

// sets reports whether the section sets a key.
func (e *Extra) sets(name string) bool {
	return slices.ContainsFunc(e.set, func(s setKey) bool { return s.key.Name == name })
}

// oneshotDefaults changes the defaults of keys for a program that runs to its end, or is started by a schedule.
func (k *sectionReader) oneshotDefaults(p *Process) {
	if p.Extra == nil {
		return
	}
	if p.Extra.Timing.Cron != "" && k.follows("autostart", "cron") {
		p.Start.Auto = false
	}
	if !p.Oneshot() {
		return
	}
	by := "type"
	if p.Extra.Timing.Cron != "" {
		by = "cron"
	}
	if k.follows("startsecs", by) {
		p.Start.Secs = 0
	}
	if k.follows("autorestart", by) {
		p.Exit.Restart = RestartNever
	}
}

// follows reports whether the default of a key follows from another key. The section does not set it, and what [program-default] says
// about all programs counts only if it says both.
func (k *sectionReader) follows(key, by string) bool {
	v, ok := k.r.doc.Find(k.s, key)
	return !ok || v.Section == defaultSection && k.value(by).Section != defaultSection
}

func (k *sectionReader) value(key string) ini.Value {
	v, _ := k.r.doc.Find(k.s, key)
	return v
}

// SameTiming reports whether two processes have the same schedules.
func (p *Process) SameTiming(other *Process) bool { return p.timing() == other.timing() }

func (p *Process) timing() Timing {
	if p.Extra == nil {
		return Timing{}
	}
	t := *p.Extra.Timing
	return Timing{Cron: t.Cron, RestartCron: t.RestartCron, Zone: t.Zone}
}
