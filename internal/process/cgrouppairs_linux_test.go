package process

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/cgroup/cgrouptest"
)

// TestPairsOfCgroupLimits gives a process each key about cgroups alone, and each pair of them, and reads back what its cgroup limits: each has
// its effect, and none has another one. So it is at a start, and after a change in place from each of these sets to each other one.
//
// covers: L8-pairs L9-limits
func TestPairsOfCgroupLimits(t *testing.T) {
	cases := []struct{ key, file, text string }{
		{"memory_max=32MB", "memory.max", "33554432"}, {"memory_high=16MB", "memory.high", "16777216"},
		{"cpu_max=150%%", "cpu.max", "150000 100000"}, {"cpu_weight=7", "cpu.weight", "7"}, {"io_weight=8", "io.weight", "8"},
		{"pids_max=9", "pids.max", "9"}, {"killmode=cgroup", "memory.oom.group", "1"},
	}
	unlimited := map[string]string{"memory.max": "max", "memory.high": "max", "cpu.max": "max 100000", "cpu.weight": "100",
		"io.weight": "default 100", "pids.max": "max", "memory.oom.group": "0"}
	texts := []string{""}
	wants := []map[string]string{{}}
	for i, a := range cases {
		texts, wants = append(texts, a.key+"\n"), append(wants, map[string]string{a.file: a.text})
		for _, b := range cases[i+1:] {
			texts, wants = append(texts, a.key+"\n"+b.key+"\n"), append(wants, map[string]string{a.file: a.text, b.file: b.text})
		}
	}
	var sets [][]cgroup.Setting
	for _, p := range loadPrograms(t, texts) {
		sets = append(sets, cgroupSettings(p.Extra))
	}
	s := cgrouptest.New(t)
	tree := cgroup.New(cgroup.Options{System: s, Log: func(string) {}})
	check := func(name, what string, want map[string]string) {
		t.Helper()
		got := map[string]string{}
		for file, none := range unlimited {
			if text := s.Text("service/g." + name + "/" + file); text != none && text != "-" { // "-": nothing needs its controller
				got[file] = text
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", strings.ReplaceAll(what, "\n", " "), d)
		}
	}
	all := loadPrograms(t, []string{"memory_max=1GB\ncpu_weight=7\nio_weight=7\npids_max=7\n"})[0] // has all controllers enabled
	if err := tree.Group("g", "all").Make(cgroupSettings(all.Extra)); err != nil {
		t.Fatal(err)
	}
	for i, from := range sets {
		g := tree.Group("g", "start")
		if err := g.Make(from); err != nil {
			t.Fatal(err)
		}
		check("start", texts[i], wants[i])
		if err := g.Remove(); err != nil {
			t.Fatal(err)
		}
	}
	g := tree.Group("g", "change")
	if err := g.Make(nil); err != nil {
		t.Fatal(err)
	}
	at, from := 0, sets[0]
	step := func(to int) {
		if refused := g.Change(from, sets[to]).Write(); refused != nil {
			t.Fatal(refused)
		}
		check("change", texts[at]+"to "+texts[to], wants[to])
		at, from = to, sets[to]
	}
	for i := range sets {
		for j := range sets {
			step(i)
			step(j)
		}
	}
}
