package faults

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// leavingConfig has children that end when they are told, and a listener that notes it.
const leavingConfig = `
[program:leaves]
command=/bin/sh -c 'read line < {D}/leave%(process_num)d; exit 1%(process_num)d'
process_name=leaves%(process_num)d
numprocs=NUMBER
startsecs=0
autorestart=false
[eventlistener:busy]
command=SELF child listening {D}/events
events=PROCESS_STATE
`

// stepsOf are the steps of an upgrade, in their order. Those before gap are of the program that is replaced.
var stepsOf = []string{"trial", "rehearsed", "frozen", "guarded", "executing", "gap", "begun", "restored", "committed"}

// holdAt asks for an upgrade which stops at a step, and calls f there.
func (u *upgraded) holdAt(step string, f func()) (err error) {
	u.Helper()
	fifo := filepath.Join(filepath.Dir(u.faults), step)
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		u.stop("%v", err)
	}
	u.fails(step + " wait " + fifo)
	defer u.fails()
	result := make(chan error, 1)
	go func() { result <- u.upgrade() }()
	reached := func() bool { _, err := os.Stat(fifo + ".reached"); return err == nil }
	if !poll(func() bool { return reached() || len(result) > 0 }) || !reached() {
		u.stop("the step %s is not reached: %s", step, u.tail())
	}
	f()
	u.fails() // a rehearsal of another program has the same step
	u.release(fifo)
	return <-result
}

// TestUpgradeExits has a child end at each step.
// covers: L12-e
func TestUpgradeExits(t *testing.T) {
	f := beginUpgrades(t, "a child that ends at any step of an upgrade has its exit status and its event, once")
	config := strings.NewReplacer("NUMBER", fmt.Sprint(len(stepsOf)), "SELF", self).Replace(leavingConfig)
	s := f.prepare(setup{config: config})
	for i := range stepsOf {
		if err := syscall.Mkfifo(s.path(fmt.Sprint("leave", i)), 0o666); err != nil {
			f.Fatal(err)
		}
	}
	u := f.beginUpgrade(setup{config: config, dir: s.dir})
	f.Cleanup(func() { os.RemoveAll(s.dir) })
	u.await("RUNNING", len(stepsOf)+1)
	u.installFaulty()
	u.mustUpgrade()
	for i, step := range stepsOf {
		pid := u.pidOf(fmt.Sprintf("leaves:leaves%d", i))
		if err := u.holdAt(step, func() {
			u.release(u.path(fmt.Sprint("leave", i)))
			if !poll(func() bool { return hasEnded(pid) }) {
				u.stop("the child does not end")
			}
		}); err != nil {
			u.wrong("%s: %v: %s", step, err, u.tail())
		}
		line := fmt.Sprintf("exited: leaves%d (exit status 1%d;", i, i)
		u.awaitLog(line, 1)
		event := fmt.Sprintf("processname:leaves%d groupname:leaves from_state:RUNNING expected:0 pid:%d", i, pid)
		if !poll(func() bool { return bytes.Contains(u.read("events"), []byte(event)) }) {
			u.wrong("%s: no event about the exit", step)
		}
		if n := bytes.Count(u.read("events"), []byte(event)); n != 1 || u.count(line) != 1 {
			u.wrong("%s: %d events, %d lines", step, n, u.count(line))
		}
	}
	u.terminate()
}

// hasEnded reports whether a process has ended; it may be a zombie.
func hasEnded(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(stat, []byte(") Z "))
}

// orderConfig has programs that write when they are stopped.
const orderConfig = `
[program:first]
command=/bin/sh -c 'trap "echo first >> {D}/stops; exit 0" TERM; touch {D}/first.up; while :; do sleep 0.02; done'
priority=1
[program:second]
command=/bin/sh -c 'trap "" TERM; trap "echo second >> {D}/stops; exit 0" INT; touch {D}/second.up; while :; do sleep 0.02; done'
priority=2
stop_sequence=TERM:0.1,INT:60
`

// beginOrder starts the programs of orderConfig under a supervisord that fails as it is told.
func (f *fault) beginOrder(env ...string) *upgraded {
	f.Helper()
	u := f.beginUpgrade(setup{config: orderConfig, env: env})
	u.awaitPrograms()
	u.installFaulty()
	u.mustUpgrade()
	return u
}

func (u *upgraded) awaitPrograms() {
	u.Helper()
	u.await("RUNNING", 2)
	for _, name := range []string{"first.up", "second.up"} {
		if !poll(func() bool { _, err := os.Stat(u.path(name)); return err == nil }) {
			u.stop("%s does not begin", name)
		}
	}
}

// left waits until all processes have ended.
func (u *upgraded) left() {
	u.Helper()
	if !poll(func() bool { return len(u.processes()) == 0 }) {
		u.wrong("%d processes are left: %s", len(u.processes()), u.tail())
	}
	if stops := string(u.read("stops")); stops != "second\nfirst\n" {
		u.wrong("the programs were stopped as %q", stops)
	}
}

// TestUpgradeDies has the new program die while it takes over.
// covers: L12-h
func TestUpgradeDies(t *testing.T) {
	for _, c := range []struct{ name, step, env string }{
		{"Killed", "restored kill", ""},
		{"Aborts", "begun abort", ""},
		{"Managed", "restored kill", "INVOCATION_ID=1"},
		{"Notified", "begun exit 3", "NOTIFY_SOCKET=/nonexistent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := beginUpgrades(t, "if the new program dies while it takes over, the programs are stopped in order, and run again unless "+
				"a service manager does that")
			u := f.beginOrder(strings.Fields(c.env)...)
			u.fails(c.step)
			if err := u.upgrade(); err == nil {
				u.wrong("the upgrade has succeeded")
			}
			u.awaitEnd()
			if c.env != "" {
				u.left()
				return
			}
			if !poll(func() bool { return u.answers() }) {
				u.stop("no supervisord answers: %s", u.tail())
			}
			if stops := string(u.read("stops")); stops != "second\nfirst\n" {
				u.wrong("the programs were stopped as %q", stops)
			}
			u.awaitPrograms()
			u.must("shutdown")
			if !poll(func() bool { return len(u.processes()) == 0 }) {
				u.wrong("%d processes are left: %s", len(u.processes()), u.tail())
			}
		})
	}
}

// TestUpgradeSignals sends a signal that ends supervisord at each step.
// covers: L12-i
func TestUpgradeSignals(t *testing.T) {
	for _, step := range stepsOf {
		t.Run(step, func(t *testing.T) {
			f := beginUpgrades(t, "SIGTERM at any step of an upgrade stops all programs by their plans, and nothing is left")
			u := f.beginOrder()
			err := u.holdAt(step, func() {
				if err := syscall.Kill(u.pid, syscall.SIGTERM); err != nil {
					u.stop("%v", err)
				}
				if step == "gap" {
					u.awaitEnd()
				}
			})
			u.awaitEnd()
			u.left()
			took := u.count("supervisord was upgraded from") > 1
			late := step == "begun" || step == "restored" || step == "committed"
			if took != late {
				u.wrong("the upgrade has taken place: %v", took)
			}
			// On a busy machine, supervisord may have ended before the answer is sent.
			if !late && (err == nil || !strings.Contains(err.Error(), "SHUTDOWN_STATE") && !strings.Contains(err.Error(), "EOF")) {
				u.wrong("the upgrade: %v", err)
			}
		})
	}
}

// TestUpgradeSignalsGoBack has a signal come to a program that fails: the old one gets it.
// covers: L12-i
func TestUpgradeSignalsGoBack(t *testing.T) {
	f := beginUpgrades(t, "a signal for a new program that fails is that of the old one")
	u := f.beginUpgrade(setup{config: orderConfig})
	u.awaitPrograms()
	fifo := filepath.Join(filepath.Dir(u.faults), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		f.Fatal(err)
	}
	u.installFaulty("begun wait "+fifo, "restored fail oh")
	result := make(chan error, 1)
	go func() { result <- u.upgrade() }()
	if !poll(func() bool { _, err := os.Stat(fifo + ".reached"); return err == nil }) {
		u.stop("the step is not reached: %s", u.tail())
	}
	if err := syscall.Kill(u.pid, syscall.SIGTERM); err != nil {
		u.stop("%v", err)
	}
	u.release(fifo)
	<-result
	u.awaitEnd()
	u.left()
	if u.count("WARN upgrade failed, ") != 1 || u.count("WARN received SIGTERM indicating exit request") != 1 {
		u.wrong("the log: %s", u.tail())
	}
}

// TestUpgradeRestarts has supervisord restart, by SIGHUP, while it is upgraded again and again.
// covers: L12-i
func TestUpgradeRestarts(t *testing.T) {
	f := beginUpgrades(t, "SIGHUP during upgrades restarts supervisord, which still runs all programs")
	u := f.beginOrder()
	for range 5 {
		if err := syscall.Kill(u.pid, syscall.SIGHUP); err != nil {
			u.stop("%v", err)
		}
		for range 3 {
			if err := u.upgrade(); err != nil && strings.HasPrefix(err.Error(), "upgrade: ") && !strings.Contains(err.Error(), "SHUTDOWN_STATE") {
				u.wrong("%v: %s", err, u.tail())
			}
		}
	}
	u.await("RUNNING", 2)
	u.mustUpgrade()
	if u.count("received SIGHUP indicating restart request") == 0 {
		u.wrong("no signal has been seen: %s", u.tail())
	}
	u.terminate()
}
