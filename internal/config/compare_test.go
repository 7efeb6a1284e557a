package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const compareBase = "[supervisord]\n[program:a]\ncommand=a\nuser=0\n[program:b]\ncommand=b\n" +
	"[eventlistener:l]\ncommand=l\nevents=TICK_5,TICK_60\n[fcgi-program:f]\ncommand=f\nsocket=unix:///tmp/f\n"

func TestCompare(t *testing.T) {
	base := mustLoad(t, compareBase).Groups
	for _, c := range []struct {
		name, text string
		want       Diff
	}{
		{"nothing", "", Diff{}},
		{"added and changed in order of priority", "[program:z]\ncommand=z\npriority=1\n[program:c]\ncommand=c\n" +
			"[program:b]\nautostart=false\n[program:a]\npriority=2000\n",
			Diff{Added: []string{"z", "c"}, Changed: []string{"b", "a"}}},
		{"gone into a group", "[group:g]\nprograms=b,a\n", Diff{Added: []string{"g"}, Removed: []string{"a", "b"}}},
		{"a group of its own name", "[group:a]\nprograms=a\n", Diff{}},
		{"common environment", "[supervisord]\nenvironment=A=1\n", Diff{Changed: []string{"l", "a", "b", "f"}}},
		{"explicit log file", "[program:a]\nstdout_logfile=/tmp/x\n", Diff{Changed: []string{"a"}}},
		{"order of events", "[eventlistener:l]\nevents=TICK_60,TICK_5\n", Diff{}},
		{"events", "[eventlistener:l]\nevents=TICK\n", Diff{Changed: []string{"l"}}},
		{"a program as result handler", "[eventlistener:l]\nresult_handler_exec=j\n", Diff{Changed: []string{"l"}}},
		{"time for results", "[eventlistener:l]\nresult_handler_timeout=7\n", Diff{Changed: []string{"l"}}},
		{"socket mode", "[fcgi-program:f]\nsocket_mode=0777\n", Diff{Changed: []string{"f"}}},
		{"socket backlog", "[fcgi-program:f]\nsocket_backlog=7\n", Diff{Changed: []string{"f"}}},
		{"exit codes", "[program:a]\nexitcodes=0,1\n", Diff{Changed: []string{"a"}}},
		{"user gone", "[program:b]\nuser=0\n", Diff{Changed: []string{"b"}}},
		{"same user by name", "[program:a]\nuser=root\n", Diff{}},
		{"shadowed name", "[group:a]\nprograms=b\n[program:a]\ncommand=q\n", Diff{Changed: []string{"a"},
			Removed: []string{"b"}}},
	} {
		read := mustLoad(t, compareBase+c.text).Groups
		if diff := cmp.Diff(c.want, Compare(base, read)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if diff := cmp.Diff(Diff{}, Compare(read, read)); diff != "" {
			t.Errorf("%s: a configuration differs from itself: %s", c.name, diff)
		}
	}
	if diff := cmp.Diff(Diff{Removed: []string{"l", "a", "b", "f"}}, Compare(base, nil)); diff != "" {
		t.Error(diff)
	}
}
