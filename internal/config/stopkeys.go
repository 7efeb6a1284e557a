package config

import (
	"slices"
	"syscall"
	"time"
)

// Hooks are commands that accompany each run of a process.
type Hooks struct {
	PreStart  HelperCommand // before each spawn; it must succeed
	PostStart HelperCommand // when the process is RUNNING
	PreStop   HelperCommand // before the stop signal
	PostStop  HelperCommand // after each run
	Timeout   time.Duration // for each of them, for StopPlan.Command and for Reload.Command
}

// StopPlan is how a process is stopped beyond Stop.
type StopPlan struct {
	Kill     KillMode      // which processes get the signals; it has set those of Stop
	Command  HelperCommand // in place of the first signal; the signals follow if it does not help
	Sequence StopSequence
	KillWait time.Duration // between repetitions of SIGKILL; 0: as without this key
}

// Reload is what the process does when it is to read its configuration again.
type Reload struct {
	Command HelperCommand // none: the signal
	Signal  syscall.Signal
}

// hookKeys are the keys of Hooks, StopPlan and Reload.
var hookKeys = slices.Concat(hooksKeys, stopPlanKeys, reloadKeys)

// ofHooks are the columns that they have in common.
var ofHooks = Key{Sections: InPrograms | InDefault, Topic: stopTopic, Scope: inProgram, Update: inPlace, Since: Ours}

var hooksKeys = inPart(func(e *Extra) **Hooks { return &e.Hooks }, table[Process](ofHooks,
	&extraKey[HelperCommand]{Key: Key{Name: "pre_start_hook", Topic: startTopic, Secret: true, Default: none, Other: "/bin/true",
		Help: "command that runs before each start and must succeed, see [hooks](howto-hooks.md)"},
		Type: helperType, Field: func(e *Extra) *HelperCommand { return &e.Hooks.PreStart }},
	&extraKey[HelperCommand]{Key: Key{Name: "post_start_hook", Topic: startTopic, Secret: true, Default: none, Other: "/bin/true",
		Help: "command that runs when the process is RUNNING"},
		Type: helperType, Field: func(e *Extra) *HelperCommand { return &e.Hooks.PostStart }},
	&extraKey[HelperCommand]{Key: Key{Name: "pre_stop_hook", Secret: true, Default: none, Other: "/bin/true",
		Help: "command that runs before the process is stopped"},
		Type: helperType, Field: func(e *Extra) *HelperCommand { return &e.Hooks.PreStop }},
	&extraKey[HelperCommand]{Key: Key{Name: "post_stop_hook", Secret: true, Default: none, Other: "/bin/true",
		Help: "command that runs after each end of the process, and after a start that failed"},
		Type: helperType, Field: func(e *Extra) *HelperCommand { return &e.Hooks.PostStop }},
	&extraKey[time.Duration]{Key: Key{Name: "hook_timeout", Other: "5",
		Help: "the longest time for a hook, `stop_command` and `reload_command`"},
		Type: positiveDurationType, Absent: time.Minute, Field: func(e *Extra) *time.Duration { return &e.Hooks.Timeout }},
))

var stopPlanPart partAt[StopPlan] = func(e *Extra) **StopPlan { return &e.StopPlan }

var stopPlanKeys = inPart(stopPlanPart, table[Process](ofHooks,
	&extraKey[HelperCommand]{Key: Key{Name: "stop_command", Secret: true, Default: none, Other: "/bin/true",
		Help: "command that stops the process; the stop signal follows if it fails, or after `stopwaitsecs`"},
		Type: helperType, Field: func(e *Extra) *HelperCommand { return &e.StopPlan.Command }},
	&extraKey[StopSequence]{Key: Key{Name: "stop_sequence", Default: "`stopsignal`", Other: "TERM:5,INT",
		Help: "signals in order, each with the time until the next one, `stopwaitsecs` if it has none; the last may be `KILL`, " +
			"which otherwise follows, or `WAIT`: never `KILL`"},
		Type: sequenceType, Field: func(e *Extra) *StopSequence { return &e.StopPlan.Sequence }},
	&extraKey[time.Duration]{Key: Key{Name: "killwaitsecs", Default: "as `stopwaitsecs`", Other: "3",
		Help: "time between repetitions of `KILL`, at least a second"},
		Type: durationType, Field: func(e *Extra) *time.Duration { return &e.StopPlan.KillWait }},
	&extraKey[KillMode]{Key: Key{Name: killModeKey, Default: "by `stopasgroup` and `killasgroup`", Other: "mixed",
		Help: "which processes get the stop signal and `KILL`: the process, its process group, the process group " +
			"`KILL` alone (`mixed`), or [its cgroup](howto-cgroup.md#end-with-everything-that-it-started)"},
		Type: killModeType, Field: func(e *Extra) *KillMode { return &e.StopPlan.Kill }, Then: setKillMode},
))

var reloadKeys = inPart(func(e *Extra) **Reload { return &e.Reload }, table[Process](ofHooks,
	&extraKey[HelperCommand]{Key: Key{Name: "reload_command", Topic: startTopic, Secret: true, Default: none, Other: "/bin/true",
		Help: "command by which `supervisorctl hup` has the process read its configuration again"},
		Type: helperType, Field: func(e *Extra) *HelperCommand { return &e.Reload.Command }},
	&extraKey[syscall.Signal]{Key: Key{Name: "reloadsignal", Topic: startTopic, Other: "USR1",
		Help: "signal by which `supervisorctl hup` does it if there is no `reload_command`"},
		Type: signalType, Absent: syscall.SIGHUP, Field: func(e *Extra) *syscall.Signal { return &e.Reload.Signal }},
))

// readStopSignal reads stopsignal=. A list is a stop sequence; the first signal is the stop signal then.
func readStopSignal(k *sectionReader, p *Process) {
	p.Stop.Signal = syscall.SIGTERM
	text, v, ok := k.text(stopSignalKey)
	if !ok {
		return
	}
	signal, err := parseSignal(text)
	if err != nil && isSequence(text) {
		if sequence, problem := parseSequence(text); problem == nil { // else the message is the original's
			err, signal = nil, sequence.first()
			if p.Extra == nil {
				p.Extra = newExtra()
			}
			stopPlanPart.own(p.Extra)
			p.Extra.StopPlan.Sequence = sequence
		}
	}
	if err != nil {
		k.unreadable(stopSignalKey.Name, v, err)
		return
	}
	p.Stop.Signal = signal
}

var stopSignalKey *Key

func init() { // the table refers to it
	for _, r := range commonKeys {
		if r.key().Name == "stopsignal" {
			stopSignalKey = r.key()
		}
	}
}
