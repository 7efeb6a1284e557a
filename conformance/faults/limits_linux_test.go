package faults

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// slowest makes so many requests, each over its own connection, and returns the longest time to an answer. All must be answered.
func (d *daemon) slowest(times int) time.Duration {
	d.Helper()
	var waits []time.Duration
	for range times {
		d.http.CloseIdleConnections()
		asked := time.Now()
		if _, err := d.call("getState"); err != nil {
			d.stop("no answer: %v: %s", err, d.tail())
		}
		waits = append(waits, time.Since(asked))
	}
	return slices.Max(waits)
}

// waiting is how many programs could not be started: they are retried, and the original gives up.
func waiting(counts map[string]int) int { return counts["BACKOFF"] + counts["FATAL"] }

func TestNoDescriptors(t *testing.T) {
	t.Parallel()
	f := begin(t, "without free descriptors, a program that cannot start gets its spawn error and retries; the daemon answers")
	const programs = 100
	d := f.start(setup{own: "minfds=150", before: []string{"/bin/sh", "-c", "ulimit -n 150; exec \"$@\"", "sh"},
		config: "[program:p]\ncommand=/bin/sleep 1000\nnumprocs=100\nprocess_name=p%(process_num)d\nstartsecs=0\n" +
			"startretries=0\nredirect_stderr=true\nstdout_logfile={D}/p.log\nstdout_logfile_maxbytes=0\n"})
	var counts map[string]int
	poll(func() bool {
		counts = d.states()
		return counts["RUNNING"] > 0 && counts["RUNNING"]+waiting(counts) == programs
	})
	slow := d.slowest(200)
	d.figure("with 150 descriptors: %d run, %d wait, %d gave up, %d spawn errors; slowest of 200 answers %.1f ms", counts["RUNNING"],
		counts["BACKOFF"], counts["FATAL"], d.count("spawnerr: too many open files to spawn 'p"), ms(slow))
	if counts["RUNNING"] < 20 || d.count("spawnerr: too many open files to spawn 'p") < waiting(counts) {
		d.wrong("%v, %d spawn errors", counts, d.count("spawnerr: too many open files to spawn 'p"))
	}
	d.must("stopAllProcesses")
	d.must("startProcess", "p:p99")
	if d.states()["RUNNING"] != 1 {
		d.wrong("afterwards: %v", d.states())
	}
	d.terminate()
}

func TestNoProcesses(t *testing.T) {
	t.Parallel()
	f := begin(t, "without free processes, a program that cannot start gets its spawn error and retries; the daemon "+
		"answers, and starts it when processes are free")
	f.needRoot()
	const user, programs, allowed = "61237", 80, 60
	d := f.start(setup{own: "minprocs=1", before: []string{"prlimit", "--nproc=" + strconv.Itoa(allowed), "setpriv", "--reuid=" + user,
		"--regid=" + user, "--clear-groups", "--inh-caps=-all", "--"},
		config: "[program:p]\ncommand=/bin/sleep 1000\nnumprocs=80\nprocess_name=p%(process_num)d\nstartsecs=0\n" +
			"startretries=0\nredirect_stderr=true\nstdout_logfile=NONE\n"})
	var counts map[string]int
	poll(func() bool {
		counts = d.states()
		return counts["RUNNING"] > 0 && counts["RUNNING"]+waiting(counts) == programs
	})
	slow := d.slowest(200)
	const text = "spawnerr: Too many processes in process table to spawn 'p"
	d.figure("with %d processes: %d run, %d wait, %d gave up, %d spawn errors; slowest of 200 answers %.1f ms", allowed,
		counts["RUNNING"], counts["BACKOFF"], counts["FATAL"], d.count(text), ms(slow))
	if counts["RUNNING"] < 20 || waiting(counts) < programs-allowed || d.count(text) < waiting(counts) {
		d.wrong("%v, %d spawn errors", counts, d.count(text))
	}
	d.must("stopAllProcesses")
	d.must("startProcess", "p:p79")
	if d.states()["RUNNING"] != 1 {
		d.wrong("afterwards: %v", d.states())
	}
	d.terminate()
}

func TestPidsCgroup(t *testing.T) {
	t.Parallel()
	f := begin(t, "the same in a control group that limits processes")
	f.needRoot()
	group := makePidsCgroup(f, 70)
	d := f.start(setup{own: "minprocs=1", before: []string{"/bin/sh", "-c", "echo $$ > " + group + "/cgroup.procs; exec \"$@\"", "sh"},
		config: "[program:p]\ncommand=/bin/sleep 1000\nnumprocs=80\nprocess_name=p%(process_num)d\nstartsecs=0\n" +
			"startretries=0\nredirect_stderr=true\nstdout_logfile=NONE\n"})
	var counts map[string]int
	poll(func() bool {
		counts = d.states()
		return counts["RUNNING"] > 0 && counts["RUNNING"]+waiting(counts) == 80
	})
	slow := d.slowest(200)
	d.figure("with 70 tasks: %d run, %d wait, %d gave up; slowest of 200 answers %.1f ms", counts["RUNNING"], counts["BACKOFF"],
		counts["FATAL"], ms(slow))
	if counts["RUNNING"] < 30 || waiting(counts) < 10 {
		d.wrong("%v", counts)
	}
	if err := os.WriteFile(group+"/pids.max", []byte("200"), 0o644); err != nil {
		d.stop("%v", err)
	}
	d.must("startAllProcesses")
	if !poll(func() bool { return d.states()["RUNNING"] == 80 }) {
		d.wrong("with more room: %v", d.states())
	}
	d.terminate()
}

// makePidsCgroup creates a control group with a limit of tasks, below that of this process.
func makePidsCgroup(f *fault, limit int) (dir string) {
	f.Helper()
	for _, root := range []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup"} {
		dir, err := os.MkdirTemp(root, "faults")
		if err != nil {
			continue
		}
		f.Cleanup(func() { os.Remove(dir) })
		if os.WriteFile(filepath.Join(dir, "pids.max"), []byte(strconv.Itoa(limit)), 0o644) != nil {
			continue
		}
		if procs, err := os.ReadFile(filepath.Join(dir, "cgroup.procs")); err == nil && strings.TrimSpace(string(procs)) == "" {
			return dir
		}
	}
	f.skip("no control group with a limit of processes can be made here")
	return ""
}
