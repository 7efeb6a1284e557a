package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changed are the keys in which two sections of a program differ, in place and by a restart, and what the program keeps of the first.
func changed(t *testing.T, before, after string) (inPlace, restart string, kept *Process) {
	t.Helper()
	read := func(keys string) *Process {
		return mustLoad(t, "[supervisord]\n[program:p]\ncommand=c\n"+strings.ReplaceAll(keys, " ", "\n")+"\n").Groups[0].Processes[0]
	}
	pair := Pair{read(before), read(after)}
	now, later := pair.Keys()
	return KeyList(now), KeyList(later), pair.Kept()
}

// TestChangedLimits changes keys about cgroups: what a cgroup limits changes in place, and a program without a cgroup gets one by a restart.
//
// covers: L9-limits
func TestChangedLimits(t *testing.T) {
	for _, r := range cgroupKeys {
		k := r.key()
		other := k.Name + "=" + strings.ReplaceAll(k.Other, "%", "%%")
		more := map[bool]string{false: "pids_max=9", true: "memory_max=1MB"}[k.Name == "pids_max"]
		less := map[string]string{"cpu_max": "7%%", "pids_max": "7", "cpu_weight": "7", "io_weight": "7"}[k.Name]
		if less == "" {
			less = "7MB"
		}
		for _, c := range []struct{ before, after, inPlace, restart string }{
			{"", other, "", k.Name},
			{other, "", k.Name, ""},
			{k.Name + "=" + less, other, k.Name, ""},
			{more, more + " " + other, k.Name, ""},
			{more + " " + other, more, k.Name, ""},
			{"killmode=cgroup", "killmode=cgroup " + other, k.Name, ""},
			{"priority=1", "priority=2 " + other, "priority", k.Name},
		} {
			inPlace, restart, kept := changed(t, c.before, c.after)
			if inPlace != c.inPlace || restart != c.restart {
				t.Errorf("%q to %q: in place %q, restart %q", c.before, c.after, inPlace, restart)
			}
			if took := kept.Extra.Text(k.Name) != "" == strings.Contains(c.after, k.Name); took != (restart == "") {
				t.Errorf("%q to %q: %q is in use", c.before, c.after, kept.Extra.Text(k.Name))
			}
		}
	}
	for _, c := range []struct{ before, after, inPlace, restart string }{
		{"killmode=process", "killmode=cgroup", "stopasgroup, killasgroup", "killmode"},
		{"killmode=cgroup", "killmode=mixed", "stopasgroup, killmode", ""},
		{"killmode=process pids_max=9", "killmode=cgroup pids_max=9", "stopasgroup, killasgroup, killmode", ""},
		{"", "killmode=mixed pids_max=9", "killasgroup, killmode", "pids_max"},
	} {
		if inPlace, restart, _ := changed(t, c.before, c.after); inPlace != c.inPlace || restart != c.restart {
			t.Errorf("%q to %q: in place %q, restart %q", c.before, c.after, inPlace, restart)
		}
	}
}

// TestKeptTexts changes keys of both kinds: what clients see of a program are the texts of the values that are in use.
func TestKeptTexts(t *testing.T) {
	_, _, kept := changed(t, "memory_max=1MB pids_max=1 ready=fd:3 startdelay=1", "memory_max=2MB ready=fd:4 cpu_weight=5 startdelay=2")
	got := map[string]string{}
	for _, key := range []string{"memory_max", "pids_max", "cpu_weight", "ready", "startdelay"} {
		got[key] = kept.Extra.Text(key)
	}
	want := map[string]string{"memory_max": "2MB", "pids_max": "", "cpu_weight": "5", "ready": "fd:3", "startdelay": "2"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := kept.CgroupTexts(); !cmp.Equal(got, []string{"cpu_weight 5"}) {
		t.Errorf("%q", got)
	}
}
