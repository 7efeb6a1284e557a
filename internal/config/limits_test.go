package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/child/step"
)

// TestLimits checks that a row is sufficient for a limit, which is a step of the child.
func TestLimits(t *testing.T) {
	row := &limitKey[step.Umask]{Key: Key{Name: "test_limit", Member: "test_limit", Other: "7", Help: "for this test"},
		Type: within[step.Umask](-2, 9)}
	rows := table(Key{Sections: InPrograms, Scope: inProgram, Update: restarts, Topic: limitTopic, Since: Ours}, row)
	oldCommon, oldAll := commonKeys, processKeys
	defer func() { commonKeys, processKeys = oldCommon, oldAll }()
	commonKeys, processKeys = slices.Concat(commonKeys, rows), slices.Concat(processKeys, rows)

	const head = "[supervisord]\n[program:p]\ncommand=c\nnumprocs=2\nprocess_name=p%(process_num)d\n"
	load := func(text string) *Group { return mustLoad(t, head+text).Groups[0] }
	plain, set, other := load(""), load("test_limit=-2\n"), load("test_limit=9\n")
	for _, p := range plain.Processes {
		if p.Limits != nil {
			t.Errorf("without the key: %v", p.Limits)
		}
	}
	for _, p := range set.Processes {
		if d := cmp.Diff(Limits{step.Umask(-2)}, p.Limits); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	for i, a := range []*Group{plain, set, other} {
		for j, b := range []*Group{plain, set, other} {
			if changed := len(Compare([]*Group{a}, []*Group{b}).Changed) == 1; changed != (i != j) {
				t.Errorf("%d to %d: changed: %t", i, j, changed)
			}
		}
	}
	for g, want := range map[*Group]bool{plain: false, set: true} {
		var members recorder
		g.Processes[0].Encode(&members)
		if got := slices.Contains(members, `test_limit="-2"`); got != want {
			t.Errorf("members: %s", members)
		}
	}
	for text, want := range map[string]string{
		"10": "10 is above upper bound (9)", "-3": "-3 is below lower bound (-2)", "x": "invalid literal for int() with base 10: 'x'",
	} {
		_, err := loadFile(t, write(t, t.TempDir(), "sd.conf", head+"test_limit="+text+"\n"))
		if err == nil || !strings.HasPrefix(err.Error(), want+" in section 'program:p'") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestEachStepHasItsKey checks that each kind of step has a key: user, directory, umask, sockets or a limit.
func TestEachStepHasItsKey(t *testing.T) {
	if got := 4 + len(limitKeys); got != step.Kinds {
		t.Errorf("%d keys are steps, and there are %d kinds of steps", got, step.Kinds)
	}
}

// TestLimitValues shows how values of limits are read and shown, and what is wrong with others.
func TestLimitValues(t *testing.T) {
	const head = "[supervisord]\n[program:p]\ncommand=c\n"
	for text, want := range map[string]string{
		"rlimit_as=512mb:unlimited":                        "rlimit_as 512MB:unlimited",
		"rlimit_core=0":                                    "rlimit_core 0",
		"rlimit_cpu=10 : 20":                               "rlimit_cpu 10:20",
		"rlimit_nofile=UNLIMITED":                          "rlimit_nofile unlimited",
		"rlimit_stack=1536kb\nnice=-3":                     "nice -3, rlimit_stack 1536KB",
		"ionice=Realtime\nlimits_required=no":              "ionice realtime:4",
		"ionice=best-effort:0":                             "ionice best-effort:0",
		"cpu_affinity=5,1-3,2,4":                           "cpu_affinity 1-5",
		"capabilities=CAP_SYS_NICE chown,\n KILL":          "capabilities chown,kill,sys_nice",
		"capabilities=":                                    "capabilities",
		"capabilities=42":                                  "capabilities 42",
		"capabilities_bounding=~cap_sys_admin":             "capabilities_bounding ~sys_admin",
		"capabilities_bounding=":                           "capabilities_bounding",
		"no_new_privs=false":                               "",
		"no_new_privs=on\noom_score_adj=-5":                "oom_score_adj -5, no_new_privs",
		"pdeathsig=9":                                      "pdeathsig KILL",
		"rlimit_nofile=x":                                  "error: invalid 'rlimit_nofile' value 'x'",
		"rlimit_nofile=-1":                                 "error: invalid 'rlimit_nofile' value '-1'",
		"rlimit_nofile=1KB":                                "error: invalid 'rlimit_nofile' value '1KB'",
		"rlimit_as=-1":                                     "error: invalid 'rlimit_as' value '-1'",
		"rlimit_as=":                                       "error: invalid 'rlimit_as' value ''",
		"rlimit_as=1:2:3":                                  "error: invalid 'rlimit_as' value '1:2:3'",
		"rlimit_nproc=unlimited:5":                         "error: unlimited is above upper bound (5)",
		"ionice=idle:1":                                    "error: invalid 'ionice' value 'idle:1'",
		"ionice=realtime:8":                                "error: invalid 'ionice' value 'realtime:8'",
		"ionice=":                                          "error: invalid 'ionice' value ''",
		"cpu_affinity=":                                    "error: not a valid list of CPUs: ''",
		"cpu_affinity=1024":                                "error: not a valid list of CPUs: '1024'",
		"cpu_affinity=2-1":                                 "error: not a valid list of CPUs: '2-1'",
		"capabilities=chown,fly":                           "error: unknown capability 'fly'",
		"capabilities=3":                                   "error: unknown capability '3'",
		"capabilities=63":                                  "error: unknown capability '63'",
		"pdeathsig=0":                                      "error: value '0' is not a valid signal number",
		"no_new_privs=maybe":                               "error: not a valid boolean value: 'maybe'",
		"oom_score_adj=1001":                               "error: 1001 is above upper bound (1000)",
		"killmode=cgroups":                                 "error: invalid 'killmode' value 'cgroups'",
		"killmode=group\nkillasgroup=true":                 "error: killmode and killasgroup cannot both be set",
		"groups=nosuch":                                    "error: Invalid group name nosuch",
		"user=0:0\nprimary_group=0":                        "error: primary_group and a group in user cannot both be set",
		"login_env=true\nuser=4242424":                     "error: Invalid user id 4242424",
		"user=0:0\ngroups=+0\nlogin_env=1\nkillmode=Mixed": "",
	} {
		c, err := loadFile(t, write(t, t.TempDir(), "sd.conf", head+text+"\n"))
		if err != nil {
			got, _, _ := strings.Cut("error: "+err.Error(), " in section 'program:p'")
			if got != want {
				t.Errorf("%s: %s, want %s", text, got, want)
			}
			continue
		}
		if got := c.Groups[0].Processes[0].LimitsText(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestUnsupportedLimits shows the warning about a limit that the system does not have.
func TestUnsupportedLimits(t *testing.T) {
	file := write(t, t.TempDir(), "sd.conf", "[supervisord]\n[program:p]\ncommand=/bin/true\nnice=5\nionice=idle\n")
	o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", file})
	if err != nil {
		t.Fatal(err)
	}
	r, err := newReader(o, testEnviron, thisHost)
	if err != nil {
		t.Fatal(err)
	}
	r.check = newCheck()
	c, err := r.read(o)
	if err != nil {
		t.Fatal(err)
	}
	d := &doubts{r: r, failed: map[keyName]bool{}, known: map[string]bool{}}
	d.limits(c.Groups[0].Processes[0], func(s step.Step) bool { _, is := s.(step.Nice); return is })
	if len(d.list) != 1 || (&Finding{d.list[0]}).Error() != file+":5: [program:p] ionice=idle has no effect on this system" {
		t.Errorf("%v", d.list)
	}
}
