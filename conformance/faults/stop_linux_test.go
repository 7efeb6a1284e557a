package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func TestStubbornChildren(t *testing.T) {
	t.Parallel()
	f := begin(t, "children that are stopped (SIGSTOP) or ignore SIGTERM have ended after stopwaitsecs")
	d := f.start(setup{config: "[program:ignores]\ncommand=/bin/sh -c 'trap \"\" TERM; echo up > {D}/up; while :; do sleep " +
		"1; done'\nstopwaitsecs=1\nkillasgroup=true\nstartsecs=0\n[program:halted]\ncommand=/bin/sleep 1000\nstopwaitsecs=1\n" +
		"startsecs=0\n"})
	d.await("RUNNING", 2)
	if !poll(func() bool { _, err := os.Stat(d.path("up")); return err == nil }) {
		d.stop("the shell does not come up")
	}
	if err := syscall.Kill(d.pidOf("halted"), syscall.SIGSTOP); err != nil {
		d.stop("%v", err)
	}
	for _, name := range []string{"ignores", "halted"} {
		began := time.Now()
		d.must("stopProcess", name)
		d.figure("%s: stopped after %.1f s", name, time.Since(began).Seconds())
	}
	d.terminate()
	if n := len(d.processes()); n != 0 {
		d.wrong("%d processes are left", n)
	}
}

func TestGrandchildHoldsPipe(t *testing.T) {
	t.Parallel()
	f := begin(t, "a grandchild that keeps the pipe open does not delay the exit, and the last output is logged")
	d := f.start(setup{config: "[program:p]\ncommand=/bin/sh -c 'sleep 1000 & read x < {D}/go; " +
		"echo last words; exit 3'\nstartsecs=0\nautorestart=false\nstdout_logfile={D}/p.log\n"})
	d.await("RUNNING", 1)
	before := d.measure()
	began := time.Now()
	d.release()
	d.awaitLog("exited: p (exit status 3; not expected)", 1)
	d.figure("noticed %d ms after the signal", time.Since(began).Milliseconds())
	if got := string(d.read("p.log")); got != "last words\n" {
		d.wrong("the log holds %q", got)
	}
	if after := d.measure(); after.descriptors > before.descriptors-3 {
		d.wrong("descriptors: %d before, %d after: the pipe is still open", before.descriptors, after.descriptors)
	}
	d.terminate()
}

func TestSignalStorm(t *testing.T) {
	t.Parallel()
	f := begin(t, "signals in any order, repeated, during start, reload and shutdown are all handled and cause no harm")
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, 0))
	storm := either(2000, 60)
	d := f.start(setup{config: "[program:p]\ncommand=/bin/sleep 1000\nnumprocs=10\nprocess_name=p%(process_num)d\nstartsecs=0\n" +
		"[program:q]\ncommand=/bin/echo x\nstartsecs=0\nautorestart=true\n"})
	harmless := []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR2, syscall.SIGCHLD, syscall.SIGUSR2, syscall.SIGCHLD}
	for i := range storm {
		d.signal(harmless[rng.IntN(len(harmless))])
		if i%10 == 0 { // let some of them be handled before the next
			_, _ = d.call("getState")
		}
	}
	if !poll(func() bool { return d.states()["RUNNING"] >= 10 }) {
		d.stop("after the storm: %v: %s", d.states(), d.tail())
	}
	d.figure("seed %d: %d signals, %d restarts, %d reopenings", seed, storm, d.count("indicating restart request"),
		d.count("indicating log reopen request"))
	for range either(200, 20) {
		sigs := []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR2, syscall.SIGCHLD}
		if err := syscall.Kill(d.pid, sigs[rng.IntN(len(sigs))]); err != nil {
			break
		}
	}
	if d.count("indicating exit request") == 0 {
		_ = syscall.Kill(d.pid, syscall.SIGTERM)
	}
	d.awaitEnd()
	d.figure("ended with %s", d.status())
	if d.status() != "exit status 0" {
		d.wrong("ended with %s: %s", d.status(), d.tail())
	}
	if left := d.processes(); len(left) != 0 {
		d.wrong("%d processes are left", len(left))
	}
	for _, name := range []string{"sd.pid", "s.sock"} {
		if _, err := os.Lstat(d.path(name)); err == nil {
			d.wrong("%s is left", name)
		}
	}
}

func TestKilledDaemon(t *testing.T) {
	t.Parallel()
	f := begin(t, "programs of a killed supervisord are found by the next one, and stopped with orphans=kill")
	const programs = 20
	s := setup{own: "orphans=kill", config: "[program:p]\ncommand=/bin/sleep 1000\nnumprocs=20\nprocess_name=p%(process_num)d\n" +
		"startsecs=0\n"}
	d := f.start(s)
	d.await("RUNNING", programs)
	old := d.pids()
	d.signal(syscall.SIGKILL)
	d.awaitEnd()
	d.launch(s)
	if !poll(d.answers) {
		d.stop("supervisord does not come up again: %s", d.tail())
	}
	d.await("RUNNING", programs)
	alive := 0
	for _, pid := range old {
		if syscall.Kill(pid, 0) == nil && !zombie(pid) {
			alive++
		}
	}
	d.figure("%d programs outlived it; %d found, %d still run beside their replacements", programs,
		d.count("of an earlier supervisord still runs"), alive)
	if alive > 0 {
		d.wrong("%d programs run twice", alive)
	}
	d.terminate()
}

func zombie(pid int) bool {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	var name string
	var state byte
	_, _ = fmt.Sscanf(string(status), "%d %s %c", &pid, &name, &state)
	return state == 'Z'
}

func TestSecondDaemon(t *testing.T) {
	t.Parallel()
	f := begin(t, "a second daemon with the same configuration exits and does not harm the first")
	d := f.start(setup{config: "[program:p]\ncommand=/bin/sh -c 'echo kept; exec sleep 1000'\nstartsecs=0\n"})
	d.await("RUNNING", 1)
	if !poll(func() bool { return len(d.must("readProcessStdoutLog", "p", 0, 0)) > 0 }) {
		d.stop("no log")
	}
	const attempts = 5
	refused := 0
	for range attempts {
		second := exec.Command(supervisord, "-c", d.path("sd.conf"))
		second.Env = append(os.Environ(), mark+"="+d.dir)
		_ = second.Run()
		if second.ProcessState.ExitCode() == 2 {
			refused++
		}
	}
	unharmed := 0
	for _, name := range []string{"s.sock", "sd.pid"} {
		if _, err := os.Lstat(d.path(name)); err == nil {
			unharmed++
		}
	}
	if _, err := d.call("readProcessStdoutLog", "p", 0, 0); err == nil {
		unharmed++
	} else {
		d.wrong("the log of the first one's program: %v", err)
	}
	d.figure("%d of %d refused; socket, pid file, log: %d of 3 unharmed", refused, attempts, unharmed)
	if refused != attempts || unharmed != 3 {
		d.wrong("%d refused, %d unharmed", refused, unharmed)
	}
	d.terminate()
}

func TestInheritance(t *testing.T) {
	t.Parallel()
	f := begin(t, "children have descriptors 0, 1 and 2 and default signal dispositions, whatever the daemon has")
	const programs = 50
	d := f.start(setup{before: []string{"/bin/sh", "-c", "exec 7</dev/null 8</dev/null; trap '' HUP USR1; exec \"$@\"", "sh"},
		config: "[program:p]\ncommand=/bin/sleep 1000\nnumprocs=50\nprocess_name=p%(process_num)d\nstartsecs=0\n"})
	d.await("RUNNING", programs)
	more, ignoring := 0, 0
	for _, pid := range d.pids() {
		if !pollFor(10*time.Second, func() bool { // the loader opens libraries and closes them
			open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
			return err == nil && len(open) == 3
		}) {
			more++
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			d.stop("%v", err)
		}
		const handled = 1<<(syscall.SIGHUP-1) | 1<<(syscall.SIGUSR1-1) | 1<<(syscall.SIGPIPE-1) | 1<<(syscall.SIGCHLD-1)
		if mask(status, "SigIgn:")&handled != 0 || mask(status, "SigBlk:") != 0 {
			ignoring++
		}
	}
	d.figure("%d of %d children have more than three descriptors, %d ignore or block a signal", more, programs, ignoring)
	if more+ignoring > 0 {
		d.wrong("%d have more descriptors, %d ignore or block signals", more, ignoring)
	}
	d.terminate()
}
