package faults

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRestarts(t *testing.T) {
	t.Parallel()
	f := begin(t, "10,000 restarts lose no output and leak no descriptor, thread or memory")
	const programs, warm = 100, 1000
	restarts := either(10_000, 3000)
	d := f.start(setup{config: "[program:p]\ncommand=/bin/echo 123456789\nnumprocs=100\nprocess_name=p%(process_num)d\n" +
		"startsecs=0\nautorestart=true\nredirect_stderr=true\nstdout_logfile={D}/%(program_name)s%(process_num)d.log\n"})
	run := func(n int) (rate float64) {
		began, from := time.Now(), d.count("spawned: ")
		if !d.awaitLogFor(5*timeout(), "spawned: ", from+n) {
			d.stop("only %d starts", d.count("spawned: "))
		}
		return float64(n) / time.Since(began).Seconds()
	}
	run(warm)
	d.stopAll()
	before := d.measure()
	d.must("startAllProcesses", false)
	d.figure("%d restarts, %.0f a second", restarts, run(restarts))
	d.stopAll()
	d.compare("restarts", before, d.measure(), 4000)
	d.terminate()
	found := 0
	for i := range programs {
		found += len(d.read("p" + strconv.Itoa(i) + ".log"))
	}
	log := string(d.log())
	written := 10 * (strings.Count(log, " (exit status 0; expected)") + strings.Count(log, " (exit status 0)"))
	// Runs ended by the final stop may have written, but are not counted.
	d.figure("%d bytes from runs that exited by themselves, %d found (a run that the final stop ended may have written before)", written, found)
	if found < written {
		d.wrong("%d bytes are lost", written-found)
	}
}

func TestReloads(t *testing.T) {
	t.Parallel()
	f := begin(t, "1,000 reloads of 20 programs leak no descriptor, thread or memory")
	const programs = 20
	reloads := either(1000, 15)
	warm := either(50, 3)
	d := f.start(setup{config: "[program:p]\ncommand=/bin/sleep 1000\nnumprocs=20\nprocess_name=p%(process_num)d\nstartsecs=0\n"})
	d.awaitLog("entered RUNNING state", programs)
	var before vitals
	began := time.Now()
	for i := 1; i <= warm+reloads; i++ {
		if err := syscall.Kill(d.pid, syscall.SIGHUP); err != nil {
			d.stop("%v", err)
		}
		d.awaitLog("entered RUNNING state", programs*(i+1))
		if i == warm {
			before, began = d.measure(), time.Now()
		}
	}
	d.figure("%d reloads, %.0f ms each", reloads, time.Since(began).Seconds()*1000/float64(reloads))
	d.compare("reloads", before, d.measure(), 4000)
	if n := len(d.processes()); n != programs+1 {
		d.wrong("%d processes, not %d", n, programs+1)
	}
	d.terminate()
	if n := len(d.processes()); n != 0 {
		d.wrong("%d processes are left", n)
	}
}

func TestExitsAtOnce(t *testing.T) {
	t.Parallel()
	f := begin(t, "500 children that end at once are handled in one pass")
	const programs = 500
	d := f.start(setup{own: "loglevel=debug\nminfds=2500", config: "[program:p]\ncommand=/bin/sleep 1000\nnumprocs=500\n" +
		"process_name=p%(process_num)d\nstartsecs=0\nautorestart=false\nstdout_logfile=NONE\nstderr_logfile=NONE\n"})
	d.await("RUNNING", programs)
	pids := d.pids()
	signals := d.count("received SIGCHLD")
	d.signal(syscall.SIGSTOP)
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			d.stop("%v", err)
		}
	}
	if !poll(func() bool { return d.zombies() == programs }) {
		d.stop("%d of %d children have exited", d.zombies(), programs)
	}
	began := time.Now()
	d.signal(syscall.SIGCONT)
	d.awaitLog("(terminated by SIGKILL; not expected)", programs)
	took := time.Since(began)
	if !poll(func() bool { return d.zombies() == 0 }) {
		d.wrong("%d zombies", d.zombies())
	}
	passes := d.count("received SIGCHLD") - signals
	d.figure("%d exits in %d passes of the loop, %d ms; %d zombies", programs, passes, took.Milliseconds(), d.zombies())
	if passes > 2 { // a signal may come between the first and the last wait
		d.wrong("%d passes", passes)
	}
	if counts := d.states(); counts["EXITED"] != programs {
		d.wrong("states: %v", counts)
	}
	d.terminate()
}

func (d *daemon) signal(sig syscall.Signal) {
	d.Helper()
	if err := syscall.Kill(d.pid, sig); err != nil {
		d.stop("cannot send %v: %v", sig, err)
	}
}

func TestOrphansOfProcessOne(t *testing.T) {
	t.Parallel()
	f := begin(t, "as process 1, 1,000 orphaned processes that end together are reaped and logged")
	f.needRoot()
	d := f.prepare(setup{config: orphansConfig()})
	d.launch(setup{before: []string{"unshare", "--pid", "--fork", "--mount-proc"}})
	if !poll(d.answers) {
		d.stop("supervisord does not come up: %s", d.tail())
	}
	d.pid = d.onlyChild(d.pid)
	d.orphans()
}

const orphans = 1000

func orphansConfig() string {
	return fmt.Sprintf("[program:p]\ncommand=%s child orphans %d {D}/go\nstartsecs=0\nautorestart=false\n", self, orphans)
}

// orphans makes the program start others and exit, so that all of them become children of the daemon at once.
func (d *daemon) orphans() {
	d.Helper()
	d.await("RUNNING", 1)
	before := d.measure()
	d.signal(syscall.SIGSTOP)
	d.release()
	if !poll(func() bool { return d.zombies() == orphans+1 }) {
		d.stop("%d orphans have exited", d.zombies())
	}
	began := time.Now()
	d.signal(syscall.SIGCONT)
	d.awaitLog("reaped unknown pid", orphans)
	d.figure("%d orphaned processes in %d ms", orphans, time.Since(began).Milliseconds())
	if n := d.count("(exit status 1)"); n != orphans {
		d.wrong("%d of them are logged with exit status 1", n)
	}
	d.awaitLog("exited: p (exit status 0; expected)", 1)
	d.compare("orphans", before, d.measure(), 4000)
	d.terminate()
}

// onlyChild waits until a process has a child and returns its id.
func (d *daemon) onlyChild(pid int) (child int) {
	d.Helper()
	path := "/proc/" + strconv.Itoa(pid) + "/task/" + strconv.Itoa(pid) + "/children"
	if !poll(func() bool {
		text, err := os.ReadFile(path)
		child, _ = strconv.Atoi(string(bytes.TrimSpace(text)))
		return err == nil && child != 0
	}) {
		d.stop("%d has no child", pid)
	}
	return child
}

// release lets a child continue that waits to open the FIFO go, by opening it for writing.
func (d *daemon) release() {
	d.Helper()
	fd := -1
	if !poll(func() (there bool) {
		var err error
		fd, err = syscall.Open(d.path("go"), syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
		return err == nil
	}) {
		d.stop("no child waits")
	}
	syscall.Close(fd)
}

func TestOrphansOfSubreaper(t *testing.T) {
	t.Parallel()
	f := begin(t, "with subreaper=true, 1,000 orphaned processes that end together are reaped and logged")
	if reference {
		f.skip("the original has no such key")
	}
	d := f.start(setup{own: "subreaper=true", config: orphansConfig()})
	d.orphans()
}

func TestShutdownOfThousand(t *testing.T) {
	f := begin(t, "1,000 programs are stopped together")
	const programs = 1000
	d := f.start(setup{own: "minfds=5000", config: "[program:p]\ncommand=/bin/sleep 1000\nnumprocs=1000\n" +
		"process_name=p%(process_num)d\nstartsecs=0\nstdout_logfile=NONE\nredirect_stderr=true\n"})
	d.await("RUNNING", programs)
	began := time.Now()
	d.terminate()
	d.figure("%d ms from SIGTERM to the exit", time.Since(began).Milliseconds())
	if n := d.count("stopped: p"); n != programs {
		d.wrong("%d are logged as stopped", n)
	}
	if n := len(d.processes()); n != 0 {
		d.wrong("%d processes are left", n)
	}
	for _, name := range []string{"sd.pid", "s.sock", "sd.pid.children"} {
		if _, err := os.Lstat(d.path(name)); err == nil {
			d.wrong("%s is left", name)
		}
	}
}
