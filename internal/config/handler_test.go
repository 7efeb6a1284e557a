package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestResultHandler checks the process of result_handler_exec.
func TestResultHandler(t *testing.T) {
	c := mustLoad(t, "[supervisord]\n[eventlistener:l]\ncommand=listen\nevents=EVENT\nnumprocs=2\n"+
		"process_name=l%(process_num)d\nresult_handler=not.here:at_all\nresult_handler_exec=judge %(group_name)s\n"+
		"autorestart=false\nstartsecs=3\ndirectory=/d%(process_num)d\nstdout_logfile=/tmp/o\nstderr_logfile=/tmp/e\n"+
		"stderr_logfile_maxbytes=7\nenvironment=A=1\npriority=5\n")
	g := c.Groups[0]
	if len(g.Processes) != 3 {
		t.Fatalf("%d processes", len(g.Processes))
	}
	first, handler := g.Processes[1], g.Processes[0]
	program := *first.Program
	program.HandlesResults, program.Exit.Restart = true, RestartAlways
	want := &Process{Program: &program, ProcessName: "l_result_handler", Err: Channel{Log: Log{Kind: LogAuto, MaxBytes: 7, Backups: 10}},
		Run: Run{Command: "judge l", Directory: "/d0", Environment: map[string]string{"A": "1"}, Umask: -1}}
	if d := cmp.Diff(want, handler); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if first.HandlesResults || first.Exit.Restart != RestartNever || first.Out.Log.Path != "/tmp/o" {
		t.Errorf("the listener has changed: %+v", first)
	}
	for text, want := range map[string]string{
		"result_handler_timeout=0\n": "result_handler_timeout must be at least 1, not 0",
		"result_handler_timeout=x\n": "invalid literal for int() with base 10: 'x'",
		"process_name=l_result_handler\nresult_handler_exec=j\n": "[eventlistener:l] has a process named " +
			"l_result_handler, which is the name of its result handler",
		"result_handler=not.here:at_all\n": "not.here:at_all cannot be resolved within [eventlistener:l]",
	} {
		text = "[supervisord]\n[eventlistener:l]\ncommand=l\nevents=EVENT\n" + text
		_, err := loadFile(t, write(t, t.TempDir(), "sd.conf", text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
