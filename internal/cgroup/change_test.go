package cgroup_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/cgroup/cgrouptest"
)

// A cgroup with processes gets other limits: what changes is written, what is no limit any more is as in a new cgroup, a controller is enabled
// when it is needed, and what is refused stays as it was.
//
// covers: L9-limits
func TestChange(t *testing.T) {
	setting := func(file, value string) cgroup.Setting { return cgroup.Setting{File: file, Value: value} }
	before := []cgroup.Setting{setting("memory.max", "1000"), setting("cpu.max", "50000 1000000"), setting("cpu.weight", "7")}
	for _, tt := range []struct {
		name    string
		to      []cgroup.Setting
		refuse  map[string]error
		want    map[string]string // of files that are not as before
		refused []string
		reached []cgroup.Setting
	}{
		{name: "one value", to: []cgroup.Setting{setting("memory.max", "2000"), before[1], before[2]},
			refuse: map[string]error{"cpu.max": syscall.EIO}, want: map[string]string{"memory.max": "2000"}},
		{name: "no limits", want: map[string]string{"memory.max": "max", "cpu.max": "max 100000", "cpu.weight": "100"}},
		{name: "another controller", to: []cgroup.Setting{before[0], before[1], before[2], setting("pids.max", "9")},
			want: map[string]string{"pids.max": "9"}},
		{name: "a controller that is missing", to: []cgroup.Setting{before[0], before[1], setting("hugetlb.max", "1")},
			want: map[string]string{"cpu.weight": "100"}, refused: []string{"cannot set hugetlb.max of 'p': /service does not have the controller hugetlb"},
			reached: before[:2]},
		{name: "refused", to: []cgroup.Setting{setting("memory.max", "1"), before[1], setting("cpu.weight", "8")},
			refuse: map[string]error{"memory.max": syscall.EBUSY}, want: map[string]string{"cpu.weight": "8"},
			refused: []string{"cannot set memory.max of 'p': EBUSY"}, reached: []cgroup.Setting{before[0], before[1], setting("cpu.weight", "8")}},
		{name: "no limit is refused", to: before[:2], refuse: map[string]error{"cpu.weight": syscall.EINVAL},
			refused: []string{"cannot set cpu.weight of 'p': EINVAL"}, reached: before},
		{name: "what is optional", to: append([]cgroup.Setting{{File: "memory.oom.group", Value: "1", Optional: true}}, before...),
			refuse: map[string]error{"memory.oom.group": syscall.EINVAL}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := cgrouptest.New(t)
			g := newTree(s, "auto").Group("g", "p")
			if err := g.Make(before); err != nil {
				t.Fatal(err)
			}
			s.Add("service/g.p", 101)
			files := func() map[string]string {
				texts := map[string]string{}
				for _, file := range []string{"memory.max", "memory.high", "memory.oom.group", "cpu.max", "cpu.weight", "pids.max"} {
					texts[file] = s.Text("service/g.p/" + file)
				}
				return texts
			}
			want := files()
			for file, err := range tt.refuse {
				s.Refuse["service/g.p/"+file] = err
			}
			change := g.Change(before, tt.to)
			for file, text := range tt.want {
				want[file] = text
			}
			refused := change.Write()
			if d := cmp.Diff(want, files()); d != "" {
				t.Errorf("files (-want +got):\n%s", d)
			}
			var texts []string
			for _, err := range refused {
				texts = append(texts, err.Of("p"))
			}
			for i := range texts {
				texts[i] = withoutRoot(s, texts[i])
			}
			if d := cmp.Diff(tt.refused, texts); d != "" {
				t.Errorf("refused (-want +got):\n%s", d)
			}
			reached := tt.to
			if tt.reached != nil {
				reached = tt.reached
			}
			if d := cmp.Diff(reached, change.Reached(refused)); d != "" {
				t.Errorf("reached (-want +got):\n%s", d)
			}
		})
	}
}

// All limits that can be set are set, and all others are reported.
func TestMakeReportsAll(t *testing.T) {
	s := cgrouptest.New(t)
	s.Refuse["service/g.p/memory.max"], s.Refuse["service/g.p/cpu.max"] = syscall.EACCES, syscall.EINVAL
	g := newTree(s, "auto").Group("g", "p")
	err := g.Make([]cgroup.Setting{{File: "memory.max", Value: "1"}, {File: "cpu.max", Value: "1"}, {File: "pids.max", Value: "1"}})
	var refused cgroup.Errors
	if !errors.As(err, &refused) || len(refused) != 2 || refused.Error() != "cannot set memory.max: EACCES" || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("%v", err)
	}
	if got := s.Text("service/g.p/pids.max"); got != "1" {
		t.Errorf("pids.max %q", got)
	}
}
