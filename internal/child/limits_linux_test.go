package child

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gosupervisor/supervisor/internal/child/step"
)

func init() { limitCases = linuxLimits }

// statusLine returns a line of /proc/self/status without its name.
func statusLine(name string) string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n"+name+":\t")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// capable reports whether this process has a capability.
func capable(n int) bool {
	set, err := strconv.ParseUint(statusLine("CapEff"), 16, 64)
	if err != nil {
		panic(err)
	}
	return set&(1<<n) != 0
}

const (
	capNetBindService = 10
	capSysResource    = 24
)

// rlimitLines are the names of resources in /proc/self/limits, and values that are no higher than common limits.
var rlimitLines = map[string]struct {
	line string
	soft uint64
	unit string
}{
	"as": {"Max address space", 2 << 30, " bytes"}, "core": {"Max core file size", 4096, " bytes"}, "cpu": {"Max cpu time", 1000, " seconds"},
	"data": {"Max data size", 1 << 30, " bytes"}, "fsize": {"Max file size", 1 << 30, " bytes"},
	"memlock": {"Max locked memory", 1 << 15, " bytes"}, "msgqueue": {"Max msgqueue size", 1000, " bytes"},
	"nice": {"Max nice priority", 5, ""}, "nofile": {"Max open files", 100, " files"}, "nproc": {"Max processes", 4000, " processes"},
	"rss": {"Max resident set", 1 << 30, " bytes"}, "rtprio": {"Max realtime priority", 5, ""}, "rttime": {"Max realtime timeout", 1000000, " us"},
	"sigpending": {"Max pending signals", 500, " signals"}, "stack": {"Max stack size", 4 << 20, " bytes"},
}

func linuxLimits() map[string]stepCase {
	root := os.Geteuid() == 0
	bounding, err := strconv.ParseUint(statusLine("CapBnd"), 16, 64)
	if err != nil {
		panic(err)
	}
	const lacks = 1 << 22 // sys_boot
	cases := map[string]stepCase{
		"oom_score_adj": {step: step.OOMScore(900), way: step.ByShim, show: "of oom_score_adj ''", want: "900\n",
			fails: []failure{{step.OOMScore(2000), "couldn't set oom_score_adj to 2000: EINVAL"}}},
		"ionice": {step: step.IOPriority{Class: step.IOBestEffort, Level: 6}, way: step.ByShim, show: "ionice", want: "best-effort: prio 6\n", safe: true},
		"cpu_affinity": {step: step.Affinity("0"), way: step.ByShim, show: "of status Cpus_allowed_list", want: "Cpus_allowed_list: 0\n",
			fails: []failure{{step.Affinity("1020-1023"), "couldn't set cpu_affinity to 1020-1023: EINVAL"}}},
		"no_new_privs": {step: step.NoNewPrivs(true), way: step.ByShim, show: "of status NoNewPrivs", want: "NoNewPrivs: 1\n", safe: true},
		"capabilities": {step: step.Capabilities(1 << capNetBindService), show: "of status CapAmb", want: "CapAmb: 0000000000000400\n",
			fails: []failure{{step.Capabilities(1 << 62), "couldn't set capabilities to 62: EINVAL"}},
			wayWith: func(names []string) step.Way {
				if slices.Contains(names, "user") {
					return step.ByFork
				}
				return step.ByShim
			}},
		"capabilities_bounding": {step: ^step.BoundingSet(lacks), way: step.ByShim, show: "of status CapBnd",
			want: fmt.Sprintf("CapBnd: %016x\n", bounding&^lacks), safe: true},
		"pdeathsig": {step: step.DeathSignal(syscall.SIGUSR1), way: step.ByFork, show: "exec setpriv --dump", line: "Parent death signal: ", want: "USR1\n",
			fails: []failure{{step.DeathSignal(999), "couldn't set pdeathsig to 999: EINVAL"}},
			wayWith: func(names []string) step.Way {
				if slices.Contains(names, "umask") {
					return step.ByShim
				}
				return step.ByFork
			}},
	}
	if !root {
		set := func(name string, fails failure) {
			c := cases[name]
			c.safe, c.fails = false, []failure{fails}
			cases[name] = c
		}
		set("ionice", failure{step.IOPriority{Class: step.IORealtime, Level: 0}, "couldn't set ionice to realtime:0: EPERM"})
		set("capabilities_bounding", failure{step.BoundingSet(0), "couldn't set capabilities_bounding to : EPERM"})
		set("capabilities", failure{step.Capabilities(1), "couldn't set capabilities to chown: EPERM"})
		c := cases["capabilities"]
		c.step, c.want, c.wayWith, c.way = step.Capabilities(0), "CapAmb: 0000000000000000\n", nil, step.ByShim
		cases["capabilities"] = c
		c = cases["capabilities_bounding"]
		c.step, c.want = step.BoundingSet(bounding), fmt.Sprintf("CapBnd: %016x\n", bounding)
		cases["capabilities_bounding"] = c
	}
	step.Resources(func(r step.Resource, name string, _ bool) {
		l := rlimitLines[name]
		limit := step.Rlimit{Resource: r, Soft: l.soft, Hard: 2 * l.soft}
		if (name == "nice" || name == "rtprio") && !capable(capSysResource) { // usually 0, which only this capability allows to raise
			limit = step.Rlimit{Resource: r, Soft: 0, Hard: 0}
		}
		cases["rlimit_"+name] = stepCase{step: limit, way: step.ByShim, show: fmt.Sprintf("of limits '%s'", l.line),
			want:  fmt.Sprintf("%s %d %d%s\n", l.line, limit.Soft, limit.Hard, l.unit),
			fails: []failure{{step.Rlimit{Resource: r, Soft: 2, Hard: 1}, fmt.Sprintf("couldn't set rlimit_%s to 2:1: EINVAL", name)}}}
	})
	c := cases["rlimit_nofile"]
	const beyond = 1 << 40 // more than fs.nr_open can be
	c.fails = append(c.fails, failure{step.Rlimit{Resource: c.step.(step.Rlimit).Resource, Soft: 1, Hard: beyond}, fmt.Sprintf("couldn't set rlimit_nofile to 1:%d: EPERM", beyond)})
	cases["rlimit_nofile"] = c
	return cases
}

// A child goes on without limits that cannot be set, with the steps after each of them, unless a limit is required or it is no limit.
func TestGoesOn(t *testing.T) {
	steps := []step.Step{step.Required(false), step.OOMScore(2000), step.Affinity("1020-1023"), step.Directory("/")}
	const lines = "supervisor: couldn't set oom_score_adj to 2000: EINVAL; going on without\n" +
		"supervisor: couldn't set cpu_affinity to 1020-1023: EINVAL; going on without\n"
	pwd := Spec{Path: "/bin/pwd", Args: []string{"pwd"}, Steps: steps}
	pid, stdout, stderr := start(t, pwd)
	if status := end(t, pid); status.ExitStatus() != 0 || stdout != "/\n" || stderr != lines {
		t.Errorf("status %d, stdout %q, stderr %q", status.ExitStatus(), stdout, stderr)
	}
	pwd.Steps[3] = step.Directory("/nonexistent")
	pid, stdout, stderr = start(t, pwd)
	const fatal = "supervisor: couldn't chdir to /nonexistent: ENOENT\nsupervisor: child process was not spawned\n"
	status := end(t, pid)
	if status.ExitStatus() != failedStart || stdout != "" || stderr != lines+fatal {
		t.Errorf("status %d, stdout %q, stderr %q", status.ExitStatus(), stdout, stderr)
	}
	if reason := failures.take(Exit{PID: pid, Status: status}); reason != "couldn't chdir to /nonexistent: ENOENT" {
		t.Errorf("reason %q", reason)
	}
}
