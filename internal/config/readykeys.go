package config

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Readiness is how a program is known to be ready.
type Readiness struct {
	How  ReadyKind
	FD   int            // ReadyFD: the descriptor of the pipe in the child
	Line *regexp.Regexp // ReadyLog: a line that matches
	text string
}

// ReadyKind is a way to be ready.
type ReadyKind uint8

// The ways. The zero value is that of the original: a program is ready at once.
const (
	ReadySecs ReadyKind = iota
	ReadyNotify
	ReadyFD
	ReadyLog
	ReadyCheck
)

// String returns the word by which log lines and the key name it.
func (k ReadyKind) String() string {
	return [...]string{ReadySecs: "startsecs", ReadyNotify: "notify", ReadyFD: "fd", ReadyLog: "log", ReadyCheck: "check"}[k]
}

// Notify has the values of the keys about notifications of a program.
type Notify struct {
	Ready          Readiness
	Timeout        time.Duration // within which a started program must be ready; 0: any time
	Socket         Switch        // NOTIFY_SOCKET is in its environment
	Watchdog       time.Duration // the longest time between two WATCHDOG=1; 0: not watched
	WatchdogSignal syscall.Signal
}

// HasSocket is true if the program gets NOTIFY_SOCKET.
func (n *Notify) HasSocket() bool {
	return n.Socket == On || n.Socket == Unset && (n.Ready.How == ReadyNotify || n.Watchdog > 0)
}

// Used is true if the program uses any of it.
func (n *Notify) Used() bool { return n.Ready.How != ReadySecs || n.HasSocket() }

// Switch is a boolean that may be unset.
type Switch uint8

// The values of a Switch.
const (
	Unset Switch = iota
	Off
	On
)

// The limits of the descriptor of ready=fd:N.
const (
	minReadyFD = 3
	maxReadyFD = 1023
)

var (
	readyType = &Type[Readiness]{name: "`startsecs`, `notify`, `fd:N`, `log:/REGEX/`, `log:/REGEX/i` or `check`", parse: parseReady,
		same: sameReadiness,
		text: func(r Readiness) string { return r.text }}
	switchType = &Type[Switch]{name: "boolean", parse: parseSwitch, same: equal[Switch],
		text: func(s Switch) string { return strconv.FormatBool(s == On) }}
)

// sameReadiness compares what is written, and what it means.
func sameReadiness(a, b Readiness) bool {
	if a.How != b.How || a.FD != b.FD || (a.Line == nil) != (b.Line == nil) {
		return false
	}
	return a.Line == nil || a.Line.String() == b.Line.String()
}

func parseSwitch(text string) (Switch, error) {
	on, err := parseBoolean(text)
	if on {
		return On, err
	}
	return Off, err
}

// notReady is the Readiness without the key.
var notReady = Readiness{text: ReadySecs.String()}

func parseReady(text string) (r Readiness, err error) {
	wrong := fmt.Errorf("invalid 'ready' value %s", pyrepr.Quote(text))
	r.text = pyrepr.TrimSpace(text)
	kind, rest, parted := strings.Cut(r.text, ":")
	kind = strings.ToLower(kind)
	if !parted {
		for _, k := range []ReadyKind{ReadySecs, ReadyNotify, ReadyCheck} {
			if kind == k.String() {
				r.How, r.text = k, kind
				return r, nil
			}
		}
		return r, wrong
	}
	switch kind {
	case "fd":
		r.How, r.text = ReadyFD, kind+":"+rest
		if r.FD, err = strconv.Atoi(rest); err != nil || r.FD < minReadyFD || r.FD > maxReadyFD {
			return r, wrong
		}
		return r, nil
	case "log":
		r.How, r.text = ReadyLog, kind+":"+rest
		if r.Line, err = parseSlashed(rest); err == nil {
			return r, nil
		}
		if problem := (*syntax.Error)(nil); errors.As(err, &problem) {
			return r, fmt.Errorf("%w: error parsing regexp: %s: %s", wrong, problem.Code, pyrepr.Quote(problem.Expr))
		}
	}
	return r, wrong
}

// parseSlashed reads /REGEX/ or /REGEX/i. A slash within needs no escape, since only the last one ends the expression.
func parseSlashed(text string) (*regexp.Regexp, error) {
	end := strings.LastIndexByte(text, '/')
	if end < 1 || text[0] != '/' {
		return nil, errWord
	}
	pattern := text[1:end]
	switch text[end+1:] {
	case "":
		return regexp.Compile(pattern)
	case "i":
		if _, err := regexp.Compile(pattern); err != nil { // the error has what is in the file
			return nil, err
		}
		return regexp.Compile("(?i:" + pattern + ")")
	}
	return nil, errWord
}

// readyKeys are the keys about readiness, notifications and the watchdog.
var readyKeys = inPart(func(e *Extra) **Notify { return &e.Notify }, table[Process](
	Key{Topic: readyTopic, Sections: InProgram | InFastCGI | InInterface | InDefault, Scope: inProgram, Update: restarts, Since: Ours},
	&extraKey[Readiness]{Key: Key{Name: "ready", Other: "notify", Help: "what a start waits for after `startsecs`: nothing more, " +
		"`READY=1` by sd_notify, a line feed through descriptor N, a line of output, or the readiness check"},
		Type: readyType, Absent: notReady, Field: func(e *Extra) *Readiness { return &e.Notify.Ready }},
	&extraKey[time.Duration]{Key: Key{Name: "ready_timeout", Other: "90", Help: "longest time from the start until it is ready; 0: any"},
		Type: durationType, Absent: time.Minute, Field: func(e *Extra) *time.Duration { return &e.Notify.Timeout }},
	&extraKey[Switch]{Key: Key{Name: "notify_socket", Sections: InPrograms | InDefault, Other: "true",
		Default: "`true` with `ready=notify` or `watchdog`", Help: "set `NOTIFY_SOCKET` in its environment"},
		Type: switchType, Field: func(e *Extra) *Switch { return &e.Notify.Socket }},
	&extraKey[time.Duration]{Key: Key{Name: watchdogKey, Update: inPlace, Sections: InPrograms | InDefault, Other: "30",
		Help: "longest time between two `WATCHDOG=1` by sd_notify while it is RUNNING, else it is restarted; 0: any"},
		Type: durationType, Field: func(e *Extra) *time.Duration { return &e.Notify.Watchdog }},
	&extraKey[syscall.Signal]{Key: Key{Name: "watchdog_signal", Update: inPlace, Sections: InPrograms | InDefault, Other: "USR1",
		Help: "sent to it then; `KILL` follows after `stopwaitsecs`"},
		Type: signalType, Absent: syscall.SIGABRT, Field: func(e *Extra) *syscall.Signal { return &e.Notify.WatchdogSignal }},
))

const (
	readyTopic  = "Readiness and watchdog"
	watchdogKey = "watchdog"
)
