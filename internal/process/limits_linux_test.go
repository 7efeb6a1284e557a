package process

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/config"
)

// facts are what a child finds in /proc and elsewhere about itself, by names.
type facts map[string]string

// limitCase is a key of a program, a value, and the facts that it changes.
type limitCase struct {
	key, value string
	want       facts
	root       bool // it needs root
}

// The facts that several keys change.
const (
	capabilityFacts = "CapInh CapPrm CapEff CapAmb"
	netBindService  = 1 << 10
	sysBoot         = 1 << 22
)

func limitCases(inherited facts) (cases []limitCase) {
	for name, line := range map[string]string{"as": "Max address space", "core": "Max core file size", "cpu": "Max cpu time",
		"data": "Max data size", "fsize": "Max file size", "memlock": "Max locked memory", "msgqueue": "Max msgqueue size",
		"nice": "Max nice priority", "nofile": "Max open files", "nproc": "Max processes", "rss": "Max resident set",
		"rtprio": "Max realtime priority", "rttime": "Max realtime timeout", "sigpending": "Max pending signals", "stack": "Max stack size"} {
		number := inherited[line] // unlimited, or a number, which can be lowered
		if hard, err := strconv.ParseUint(number, 10, 64); err != nil || hard > 1<<31 {
			number = strconv.Itoa(1 << 31)
		} else {
			number = strconv.FormatUint(hard/2, 10)
		}
		cases = append(cases, limitCase{"rlimit_" + name, number, facts{line: number, line + ", hard": number}, false})
	}
	return append(cases, []limitCase{
		{"nice", "19", facts{"nice": "19"}, false},
		{"ionice", "best-effort:6", facts{"ionice": "best-effort: prio 6"}, false},
		{"oom_score_adj", "900", facts{"oom_score_adj": "900"}, false},
		{"cpu_affinity", "0", facts{"Cpus_allowed_list": "0"}, false},
		{"no_new_privs", "true", facts{"NoNewPrivs": "1"}, false},
		{"pdeathsig", "USR1", facts{"Parent death signal": "USR1"}, false},
		{"umask", "027", facts{"Umask": "0027"}, false},
		{"directory", "/", facts{"PWD": "/"}, false},
		{"capabilities", "net_bind_service", nil, true},
		{"capabilities_bounding", "~sys_boot", nil, true},
		{"user", "nobody", facts{"Uid": "65534", "Gid": "65534", "Groups": "65534"}, true},
		{"primary_group", "1", facts{"Gid": "1"}, true},
		{"groups", "4,8", facts{"Groups": "4 8"}, true},
		{"login_env", "true", facts{"LOGNAME": "root"}, true},
	}...)
}

// expected are the facts about a child with the keys of some cases. What several keys decide together is said here.
func expected(inherited facts, cases []limitCase) facts {
	want := maps.Clone(inherited)
	has := map[string]bool{}
	for _, c := range cases {
		maps.Copy(want, c.want)
		has[c.key] = true
	}
	if has["primary_group"] { // whatever the order
		want["Gid"] = "1"
		if !has["groups"] {
			want["Groups"] = strings.TrimSpace(strings.Join(append([]string{"1"}, otherGroups(inherited, has["user"])...), " "))
		}
	}
	if has["groups"] {
		want["Groups"] = "4 8"
	}
	if has["login_env"] && has["user"] {
		want["LOGNAME"] = "nobody"
	}
	set := func(names string, value uint64) {
		for name := range strings.FieldsSeq(names) {
			want[name] = fmt.Sprintf("%016x", value)
		}
	}
	if has["capabilities_bounding"] {
		for _, name := range []string{"CapBnd", "CapPrm", "CapEff", "CapInh"} {
			before, _ := strconv.ParseUint(inherited[name], 16, 64)
			set(name, before&^sysBoot)
		}
	}
	if has["user"] {
		set("CapPrm CapEff", 0)
	}
	if has["capabilities"] {
		set(capabilityFacts, netBindService)
	}
	return want
}

// otherGroups are the supplementary groups but the primary one.
func otherGroups(inherited facts, nobodys bool) []string {
	if nobodys {
		return nil
	}
	return slices.DeleteFunc(strings.Fields(inherited["Groups"]), func(g string) bool { return g == inherited["Gid"] || g == "1" })
}

// report has a child write its facts.
const report = `cat /proc/self/status /proc/self/limits /proc/self/stat; echo "oom_score_adj: $(cat /proc/self/oom_score_adj)"
echo "PWD: $(pwd -P)"; echo "ionice: $(ionice)"; echo "LOGNAME: $LOGNAME"; exec setpriv --dump`

// factsOf starts a child of a program, and returns its facts.
func factsOf(t *testing.T, c *config.Process) facts {
	t.Helper()
	p := &Process{Config: c, user: UserOf(c, c.Run.User), shared: &Shared{Environ: []string{"PATH=" + os.Getenv("PATH"), "LOGNAME=somebody"}}}
	our, their, err := child.Pipe(true)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := child.Start(child.Spec{Path: "/bin/sh", Args: []string{"sh", "-c", report}, Env: p.environ(nil, false), Files: [3]int{their, their, their},
		Steps: p.steps(false)})
	unix.Close(their)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(our, false); err != nil {
		t.Fatal(err)
	}
	out := os.NewFile(uintptr(our), "pipe")
	defer out.Close()
	text, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || status.ExitStatus() != 0 {
		t.Fatalf("%v, status %d: %s", err, status.ExitStatus(), text)
	}
	return parseFacts(string(text))
}

// statusFacts are the lines of /proc/self/status that are facts; of several values the first one counts, but of Groups all.
var statusFacts = strings.Fields("Uid Gid Groups Umask NoNewPrivs CapInh CapPrm CapEff CapBnd CapAmb Cpus_allowed_list oom_score_adj PWD ionice LOGNAME")

func parseFacts(text string) facts {
	f := facts{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(line, ":")
		value = strings.Join(strings.Fields(value), " ")
		switch {
		case ok && slices.Contains(statusFacts, name):
			if name == "Uid" || name == "Gid" {
				value, _, _ = strings.Cut(value, " ")
			}
			f[name] = value
		case name == "Parent death signal":
			f[name] = value
		case strings.HasPrefix(line, "Max "): // a name of 25 bytes, and the limits
			name, limits := strings.TrimSpace(line[:25]), strings.Fields(line[25:])
			f[name], f[name+", hard"] = limits[0], limits[1]
		case strings.Contains(line, " (cat) "):
			_, rest, _ := strings.Cut(line, ") ")
			f["nice"] = strings.Fields(rest)[16]
		}
	}
	return f
}

// TestPairsOfLimits gives a child each key about limits and identity alone, and each pair of them, and compares what it finds in /proc with
// what the keys say: each has its effect, and none has another one.
// covers: L8-pairs
func TestPairsOfLimits(t *testing.T) {
	none := loadPrograms(t, []string{""})
	inherited := factsOf(t, none[0])
	if len(inherited) < 30 {
		t.Fatalf("only %d facts: %v", len(inherited), inherited)
	}
	cases := slices.DeleteFunc(limitCases(inherited), func(c limitCase) bool { return c.root && os.Getuid() != 0 })
	var sets [][]limitCase
	var texts []string
	for i, a := range cases {
		sets = append(sets, []limitCase{a})
		for _, b := range cases[i+1:] {
			sets = append(sets, []limitCase{a, b})
		}
	}
	for _, set := range sets {
		text := ""
		for _, c := range set {
			text += c.key + "=" + c.value + "\n"
		}
		texts = append(texts, text)
	}
	for i, p := range loadPrograms(t, texts) {
		want := expected(inherited, sets[i])
		got := factsOf(t, p)
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s: %s: %q, want %q", strings.ReplaceAll(texts[i], "\n", " "), name, got[name], value)
			}
		}
	}
}

// loadPrograms reads a program with each of the texts.
func loadPrograms(t *testing.T, texts []string) (programs []*config.Process) {
	t.Helper()
	var file strings.Builder
	file.WriteString("[supervisord]\n")
	for i, text := range texts {
		fmt.Fprintf(&file, "[program:p%04d]\ncommand=/bin/true\n%s", i, text)
	}
	path := filepath.Join(t.TempDir(), "sd.conf")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := config.ParseArgs("/usr/bin/supervisord", []string{"-c", path})
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(options, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range c.Groups {
		programs = append(programs, g.Processes...)
	}
	return programs
}

// What a system cannot do is left out of the steps, and named.
func TestSupported(t *testing.T) {
	var missing []string
	steps := []step.Step{step.OOMScore(5), step.Nice(5), step.Affinity("0"), step.Umask(0)}
	got := supported(steps, func(s step.Step) bool {
		_, affinity := s.(step.Affinity)
		return !affinity && s != step.Step(step.OOMScore(5))
	},
		func(key string) { missing = append(missing, key) })
	if !slices.Equal(got, []step.Step{step.Nice(5), step.Umask(0)}) || !slices.Equal(missing, []string{"oom_score_adj", "cpu_affinity"}) {
		t.Errorf("%v, without %v", got, missing)
	}
}
