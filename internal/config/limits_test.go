package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/child"
)

// TestLimits checks that a row is sufficient for a limit, which is a step of the child.
func TestLimits(t *testing.T) {
	row := &limitKey[child.Umask]{Key: Key{Name: "test_limit", Other: "7", Help: "for this test"},
		Type: within[child.Umask](-2, 9)}
	row.member()
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
		if d := cmp.Diff(Limits{child.Umask(-2)}, p.Limits); d != "" {
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

// TestEachStepHasItsKey checks that each kind of step has a key: user, directory, umask or a limit.
func TestEachStepHasItsKey(t *testing.T) {
	if got := 3 + len(limitKeys); got != child.StepKinds {
		t.Errorf("%d keys are steps, and there are %d kinds of steps", got, child.StepKinds)
	}
}
