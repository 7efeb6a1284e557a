package faults

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// worldConfig has programs in all states, writers to all kinds of logs, and a slow listener. TestUpgradePrevious runs it under earlier
// versions, so what they do not know belongs to another configuration.
const worldConfig = `
[eventlistener:busy]
command=SELF child listening {D}/events
events=PROCESS_COMMUNICATION,PROCESS_STATE,SUPERVISOR_STATE_CHANGE,SUPERVISOR_UPGRADED
buffer_size=100000
[program:churn]
command=SELF child brief
startsecs=0
autorestart=true
[program:retry]
command=/bin/false
startretries=1000
[program:starting]
command=/bin/sleep 100000
startsecs=100000
[program:held]
command=/bin/sleep 100000
depends_on=starting
[program:exited]
command=/bin/true
autorestart=false
startsecs=0
[program:fatal]
command=/bin/false
startretries=0
[program:stopped]
command=/bin/sleep 100000
autostart=false
startsecs=0
[program:hooked]
command=/bin/sleep 100000
startsecs=0
pre_start_hook=/bin/sh -c 'exec sleep 100000'
hook_timeout=100000
[program:bound]
command=/bin/sleep 100000
startsecs=0
autorestart=false
pdeathsig=KILL
umask=027
[program:checked]
command=/bin/sleep 100000
startsecs=0
liveness_check_script=/bin/true
liveness_check_period=0.1
liveness_check_initial_delay=0
[program:stopping]
command=/bin/sh -c 'trap "" TERM INT; exec sleep 100000'
startsecs=0
stop_sequence=TERM:0,INT:100000
[program:stubborn]
command=/bin/sh -c 'trap "" TERM; read line < {D}/go; exit 0'
startsecs=0
stopwaitsecs=100000
numprocs=2
process_name=stubborn%(process_num)d
`

// writerConfig has a writer to each kind of log. {N} is a part of the names.
const writerConfig = `
[program:rotated{N}]
command=SELF child numbered {D}/totals 2ms 8 "" ""
stdout_logfile={D}/rotated{N}.log
stdout_logfile_maxbytes=200KB
stdout_logfile_backups=2000
[program:plain{N}]
command=SELF child numbered {D}/totals 1ms 16 "" ""
stdout_logfile={D}/plain{N}.log
stdout_logfile_maxbytes=0
[program:shown{N}]
command=SELF child numbered {D}/totals 2ms 8 "" ""
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
[program:colored{N}]
command=SELF child numbered {D}/totals 2ms 8 "\x1b[31m\x1b[1m" "\x1b[0m"
stdout_logfile={D}/colored{N}.log
stdout_logfile_maxbytes=0
[program:captured{N}]
command=SELF child numbered {D}/totals 20ms 1 "<!--XSUPERVISOR:BEGIN-->" "<!--XSUPERVISOR:END-->"
stdout_logfile=NONE
stdout_capture_maxbytes=100KB
`

// writerSets are what {N} is.
var writerSets = []string{"", "2"}

// writers are the names of all writers.
func writers() (names []string) {
	for _, n := range writerSets {
		for _, kind := range []string{"rotated", "plain", "shown", "colored", "captured"} {
			names = append(names, kind+n)
		}
	}
	return names
}

// changing are the programs whose state changes all the time.
var changing = map[string]bool{"churn": true, "retry": true}

// newWorld starts a daemon with programs in all states. First is the program that is started; empty: supervisord.
func (f *fault) newWorld(first string) *upgraded {
	f.Helper()
	config := worldConfig
	for _, n := range writerSets {
		config += strings.ReplaceAll(writerConfig, "{N}", n)
	}
	u := f.beginUpgrade(setup{config: strings.ReplaceAll(config, "SELF", self), own: "strip_ansi=true\nminfds=1000", first: first})
	states := map[string]string{"starting": "STARTING", "exited": "EXITED", "fatal": "FATAL", "checked": "RUNNING", "bound": "RUNNING",
		"stopping": "RUNNING", "hooked": "STARTING", "held": "STOPPED"}
	for _, name := range writers() {
		states[name] = "RUNNING"
	}
	u.awaitStates(states)
	u.must("stopProcess", "stopping", false)
	u.awaitStates(map[string]string{"stopping": "STOPPING"})
	return u
}

func (u *upgraded) awaitStates(want map[string]string) {
	u.Helper()
	var now map[string]map[string]string
	if !poll(func() bool {
		now = structs(u.must("getAllProcessInfo"))
		for name, state := range want {
			if now[name]["statename"] != state {
				return false
			}
		}
		return true
	}) {
		u.stop("%v is to be %v: %s", now, want, u.tail())
	}
}

// standing is what clients see of the programs whose state does not change.
func (u *upgraded) standing() map[string]string {
	u.Helper()
	all := map[string]string{}
	for name, members := range structs(u.must("getAllProcessInfo")) {
		if changing[name] || name == "" {
			continue
		}
		delete(members, "now")
		delete(members, "description") // the time that it runs
		var b strings.Builder
		for _, key := range slices.Sorted(maps.Keys(members)) {
			fmt.Fprintf(&b, "%s=%s ", key, members[key])
		}
		all[name] = b.String()
	}
	return all
}

func (u *upgraded) same(before map[string]string) {
	u.Helper()
	now := u.standing()
	for name, want := range before {
		if now[name] != want {
			u.wrong("before %s\nnow    %s", want, now[name])
		}
	}
	if len(now) != len(before) {
		u.wrong("%d programs, before %d", len(now), len(before))
	}
}

// finish stops the writers and checks that each line is there once, in order, and the events.
func (u *upgraded) finish() {
	u.Helper()
	for _, name := range writers() {
		u.must("stopProcess", name)
	}
	runs := len(strings.Fields(string(u.read("totals")))) / 2
	if runs != len(writers()) {
		u.wrong("%d writers have ended by themselves, not %d", runs, len(writers()))
	}
	files := []string{u.path("out")}
	for _, n := range writerSets {
		rotated, _ := filepath.Glob(u.path("rotated" + n + ".log*"))
		slices.SortFunc(rotated, func(a, b string) int { return backup(b) - backup(a) })
		files = append(append(files, rotated...), u.path("plain"+n+".log"), u.path("colored"+n+".log"))
	}
	var output []byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			u.stop("%v", err)
		}
		output = append(output, data...)
	}
	next := map[string]int{}
	u.inOrder(next, output, numberedLine)
	last := u.lastEvent()
	u.inOrder(next, last, numberedEvent)
	lines := 0
	for total := range strings.Lines(string(u.read("totals"))) {
		run, text, _ := strings.Cut(strings.TrimSpace(total), " ")
		if want, _ := strconv.Atoi(text); next[run] != want {
			u.wrong("of %d lines of run %s %d are found", want, run, next[run])
		}
		lines += next[run]
	}
	u.figure("%d lines, each once and in order", lines)
	u.checkEvents(last)
}

var (
	numberedLine  = regexp.MustCompile(`(?m)^(\d+) (\d+)$`)
	numberedEvent = regexp.MustCompile(`(?m)eventname:PROCESS_COMMUNICATION_STDOUT .* (\d+) (\d+)$`)
	eventHead     = regexp.MustCompile(`(?m)^ver:3.0 server:\S+ serial:(\d+) pool:busy poolserial:(\d+) eventname:(\S+) (.*)$`)
	eventState    = regexp.MustCompile(`processname:(\S+) groupname:\S+ from_state:(\S+)`)
)

// backup is the number of a rotated log, -1 of the log itself.
func backup(file string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(filepath.Ext(file), "."))
	if err != nil {
		return -1
	}
	return n
}

// inOrder checks the numbers of each run.
func (u *upgraded) inOrder(next map[string]int, text []byte, numbers *regexp.Regexp) {
	u.Helper()
	for _, m := range numbers.FindAllSubmatch(text, -1) {
		run := string(m[1])
		if n, _ := strconv.Atoi(string(m[2])); n != next[run] {
			u.wrong("run %s: after line %d comes %d", run, next[run]-1, n)
			next[run] = n
		}
		next[run]++
	}
}

// lastEvent waits until the listener has the last event, and returns all.
func (u *upgraded) lastEvent() (all []byte) {
	u.Helper()
	poll(func() bool { _, err := u.call("stopProcess", "churn"); return err == nil }) // it may be between two runs
	u.must("startProcess", "stopped")
	last := fmt.Appendf(nil, "processname:stopped groupname:stopped from_state:STARTING pid:%d", u.pidOf("stopped"))
	if !poll(func() bool {
		all = u.read("events")
		return bytes.Contains(all, last)
	}) {
		u.stop("the listener did not get the last event: %s", u.tail())
	}
	return all
}

// checkEvents checks that the pool's serials have no gap, and that each change of a state follows the one before.
func (u *upgraded) checkEvents(all []byte) {
	u.Helper()
	states := map[string]string{}
	upgrades, serial := 0, 0
	heads := eventHead.FindAllSubmatch(all, -1)
	for i, m := range heads {
		n, _ := strconv.Atoi(string(m[1]))
		pool, _ := strconv.Atoi(string(m[2]))
		if pool != i || n < serial {
			u.wrong("event %d has serial %d after %d, and %d in the pool", i, n, serial, pool)
			return
		}
		serial = n
		name := string(m[3])
		if name == "SUPERVISOR_UPGRADED" {
			upgrades++
		}
		if name == "SUPERVISOR_STATE_CHANGE_RUNNING" && upgrades > 0 {
			u.wrong("an upgrade is no start of supervisord: %s", m[0])
		}
		s := eventState.FindSubmatch(m[4])
		to, ok := strings.CutPrefix(name, "PROCESS_STATE_")
		if !ok || s == nil {
			continue
		}
		process := string(s[1])
		if from := string(s[2]); states[process] != "" && states[process] != from {
			u.wrong("%s: from %s, but it was %s", m[0], from, states[process])
		}
		states[process] = to
	}
	u.figure("%d events without a gap, %d upgrades among them", len(heads), upgrades)
}

// retryLine is a line about the program that fails: about a start, an end, or that it did not fail soon enough.
var retryLine = regexp.MustCompile(`(?m)^(\S+ \S+) [A-Z]+ (spawned: 'retry'|exited: retry |success: retry )`)

// checkStarts checks that the program that fails was not started again before its time had come. The times are those of the loop,
// which on a busy machine are not those of the child.
func (u *upgraded) checkStarts() {
	u.Helper()
	var last time.Time
	starts, failures := 0, 0
	for _, m := range retryLine.FindAllSubmatch(u.log(), -1) {
		now, err := time.Parse("2006-01-02 15:04:05,000", string(m[1]))
		switch {
		case err != nil:
			u.stop("%v", err)
		case bytes.HasPrefix(m[2], []byte("success")), bytes.HasPrefix(m[2], []byte("exited")) && now.Sub(last) > 990*time.Millisecond:
			failures = 0 // it counts as having run, on a busy machine
			continue
		case bytes.HasPrefix(m[2], []byte("exited")):
			continue
		}
		if starts++; starts > 1 && now.Sub(last) < time.Duration(failures)*time.Second-10*time.Millisecond {
			u.wrong("start %d, after %d failures, came after %v", starts, failures, now.Sub(last))
		}
		last = now
		failures++
	}
	u.figure("%d starts of a program that fails, none too early", starts)
}
