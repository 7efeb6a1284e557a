package faults

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// vitals are the resources of a daemon that must not grow.
type vitals struct {
	descriptors, threads, zombies int
	memory                        int // resident, in kB
}

// measure returns the vitals of the daemon.
func (d *daemon) measure() vitals {
	d.Helper()
	proc := "/proc/" + strconv.Itoa(d.pid)
	open, err := os.ReadDir(proc + "/fd")
	if err != nil {
		d.stop("supervisord has exited: %v: %s", err, d.tail())
	}
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		d.stop("%v", err)
	}
	return vitals{len(open), field(status, "Threads:"), d.zombies(), field(status, "VmRSS:")}
}

// open lists what the daemon's descriptors refer to.
func (d *daemon) open() (targets []string) {
	links, _ := filepath.Glob("/proc/" + strconv.Itoa(d.pid) + "/fd/*")
	for _, link := range links {
		target, _ := os.Readlink(link)
		targets = append(targets, filepath.Base(link)+": "+target)
	}
	return targets
}

func field(status []byte, name string) int {
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			n, _ := strconv.Atoi(string(bytes.Fields(rest)[0]))
			return n
		}
	}
	return 0
}

// peak returns the largest resident size of the daemon so far, in kB.
func (d *daemon) peak() int {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(d.pid) + "/status")
	if err != nil {
		return 0
	}
	return field(status, "VmHWM:")
}

// zombies returns the number of exited children that the daemon has not reaped. The kernel lists children by their parent thread.
func (d *daemon) zombies() (n int) {
	lists, _ := filepath.Glob("/proc/" + strconv.Itoa(d.pid) + "/task/*/children")
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue
		}
		for pid := range bytes.FieldsSeq(text) {
			stat, err := os.ReadFile("/proc/" + string(pid) + "/stat")
			if err == nil && strings.HasPrefix(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " Z") {
				n++
			}
		}
	}
	return n
}

func (v vitals) String() string {
	return fmt.Sprintf("%d descriptors, %d threads, %.1f MB", v.descriptors, v.threads, float64(v.memory)/1000)
}

// compare records both and fails on growth. Memory may grow by what the garbage collector has not freed yet.
func (d *daemon) compare(what string, before, after vitals, memory int) {
	d.Helper()
	d.figure("%s: %v before, %v after", what, before, after)
	// The daemon closes a connection a moment after its client.
	if !poll(func() bool {
		after.descriptors = d.measure().descriptors
		return after.descriptors <= before.descriptors
	}) {
		d.wrong("descriptors: %d before, %d after, which now are %v", before.descriptors, after.descriptors, d.open())
	}
	if after.threads > before.threads+4 {
		d.wrong("threads: %d before, %d after", before.threads, after.threads)
	}
	// Memory that only the start needed is released soon after each start; leaked memory is not.
	if !poll(func() bool { after.memory = d.measure().memory; return after.memory <= before.memory+memory }) {
		d.wrong("memory: %d kB before, %d kB after", before.memory, after.memory)
	}
	if !poll(func() bool { return d.zombies() == 0 }) {
		d.wrong("%d zombies", d.zombies())
	}
}

// mask parses a set of signals.
func mask(status []byte, name string) uint64 {
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			n, _ := strconv.ParseUint(string(bytes.TrimSpace(rest)), 16, 64)
			return n
		}
	}
	return 0
}
