package config

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/inifile"
)

// filesOf returns what supervisord knows of the files when they have a text and a configuration runs.
func filesOf(t *testing.T, running *Config, text string, environ ...string) (*Files, error) {
	t.Helper()
	o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", write(t, t.TempDir(), "new.conf", text)})
	if err != nil {
		t.Fatal(err)
	}
	c, sections, err := LoadShown(o, environ)
	return &Files{Config: c, Sections: sections, Common: running.Supervisord.Environment}, err
}

// runningText returns the sections of a group that runs, as a file.
func runningText(t *testing.T, f *Files, g *Group) string {
	t.Helper()
	var sections []api.ConfigSection
	for _, name := range g.Sections() {
		sections = append(sections, *f.Running(g, name))
	}
	text, err := inifile.Write(sections)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const differs = "; runs; the files have other values since it was added\n"

// TestRunning shows groups that differ from the files: values that are the same have their places there.
func TestRunning(t *testing.T) {
	for name, c := range map[string]struct{ running, files, want string }{
		"changed, added and removed keys": {
			"[program:a]\ncommand=c 1%%\nstartsecs=5\ndirectory=/d\nstdout_logfile=NONE\nstopasgroup=true\nnice=3\n",
			"[program:a]\nstartretries=7\nstartsecs=6\ncommand=c 1%%\nstderr_logfile=/x\n",
			differs + "[program:a]\n; runs; another value is in new.conf:3\nstartretries = 3\n" +
				"; runs; another value is in new.conf:4\nstartsecs = 5\n" +
				"; new.conf:5\ncommand = c 1%%\n; runs; another value is in new.conf:6\nstderr_logfile = AUTO\n" +
				"; runs; the files do not set it\nstopasgroup = true\nnice = 3\ndirectory = /d\nstdout_logfile = NONE\n",
		},
		"no file has it": {
			"[program:a]\ncommand=c\nuser=root\numask=027\nautorestart=true\nexitcodes=0,2\nstdout_logfile=/a%%%%b\nstdout_logfile_maxbytes=2KB\n",
			"",
			differs + "[program:a]\n; runs; the files do not set it\nautorestart = true\nexitcodes = 0,2\nuser = root\numask = 027\n" +
				"stdout_logfile = /a%%%%b\nstdout_logfile_maxbytes = 2KB\ncommand = c\n",
		},
		"several processes": {
			"[program:a]\ncommand=c %(process_num)d\nnumprocs=2\nprocess_name=p%(process_num)d\n",
			"[program:a]\ncommand=c %(process_num)d\nnumprocs=2\nprocess_name=p%(process_num)d\nstartsecs=2\n",
			differs + "[program:a]\n; new.conf:3\ncommand = c %(process_num)d\n; new.conf:4\nnumprocs = 2\n; new.conf:5\nprocess_name = p%(process_num)d\n" +
				"; runs; another value is in new.conf:6\nstartsecs = 1\n",
		},
		"another number of processes": {
			"[program:a]\ncommand=c %(process_num)d\nnumprocs=2\nprocess_name=p%(process_num)d\nstartsecs=3\n",
			"[program:a]\ncommand=c %(process_num)d\nnumprocs=3\nprocess_name=p%(process_num)d\nstartsecs=3\n",
			differs + "[program:a]\n" +
				"; runs; another value is in new.conf:3; of the first of 2 processes\ncommand = c 0\n" +
				"; runs; another value is in new.conf:4\nnumprocs = 2\n" +
				"; runs; another value is in new.conf:5; of the first of 2 processes\nprocess_name = p0\n" +
				"; new.conf:6\nstartsecs = 3\n",
		},
		"keys of Extra": {
			"[program:a]\ncommand=c\nrestartpause=1.5\npre_start_hook=-x %(program_name)s\nexit_on=fatal\nready=notify\n",
			"[program:a]\ncommand=c\nexit_on=fatal\nready=fd:5\n",
			differs + "[program:a]\n; new.conf:3\ncommand = c\n; new.conf:4\nexit_on = fatal\n; runs; another value is in new.conf:5\nready = notify\n" +
				"; runs; the files do not set it\nrestartpause = 1.5\npre_start_hook = -x a\n",
		},
		"a list of stop signals": {
			"[program:a]\ncommand=c\nstopsignal=TERM:5,QUIT\n",
			"[program:a]\ncommand=c\nstopsignal=TERM:6,QUIT\n",
			differs + "[program:a]\n; new.conf:3\ncommand = c\n; runs; another value is in new.conf:4\nstopsignal = TERM\n" +
				"; runs; the files do not set it\nstop_sequence = TERM:5,QUIT\n",
		},
		"secrets": {
			"[supervisord]\nenvironment=ALL=s3cr3t\n[program:a]\ncommand=c %(ENV_API_TOKEN)s-%(ENV_KEY)s\nenvironment=B=s3cr3t,C=s3cr3t\n" +
				"serverurl=http://u:s3cr3t@h/\nliveness_check_script=http://u:s3cr3t@h/ -X GET\npost_stop_hook=x %(ENV_API_TOKEN)s\n",
			"[program:a]\ncommand=c\nenvironment=B=other\n",
			differs + "[program:a]\n; runs; another value is in new.conf:3\ncommand = c %(ENV_API_TOKEN)s-ab\n" +
				"; runs; another value is in new.conf:4\nenvironment = B=\"(hidden)\",C=\"(hidden)\"\n" +
				"; runs; the files do not set it\nserverurl = http://(hidden)@h/\npost_stop_hook = x %(ENV_API_TOKEN)s\n" +
				"liveness_check_script = http://(hidden)@h/ -X GET\n",
		},
		"what no file can have": {
			"[program:a]\ncommand=c %(ENV_ODD)s\n",
			"",
			differs + "[program:a]\n; runs; the files do not set it; escaped, because no file can have it\ncommand = c a\\rb\ufffd\n",
		},
		"files of variables": {
			"[program:a]\ncommand=c\nenvfiles=-/a.env,/b.env\nenvironment=B=1\n",
			"[program:a]\ncommand=c\n",
			differs + "[program:a]\n; new.conf:3\ncommand = c\n; runs; the files do not set it\nenvironment = B=\"(hidden)\"\nenvfiles = -/a.env,/b.env\n",
		},
		"a group": {
			"[group:g]\nprograms=a,b\npriority=5\n[program:a]\ncommand=c\n[program:b]\ncommand=d\n",
			"[group:g]\nprograms=b,a\npriority=5\n[program:a]\ncommand=c\n[program:b]\ncommand=e\n",
			differs + "[group:g]\n; runs; another value is in new.conf:3\nprograms = a,b\n; new.conf:4\npriority = 5\n\n" +
				differs + "[program:a]\n; new.conf:6\ncommand = c\n\n" +
				differs + "[program:b]\n; runs; another value is in new.conf:8\ncommand = d\n",
		},
		"a listener": {
			"[eventlistener:a]\ncommand=c\nevents=TICK_5\nbuffer_size=7\nresult_handler_exec=j\n",
			"[eventlistener:a]\ncommand=c\nevents=TICK_60\nbuffer_size=7\n",
			differs + "[eventlistener:a]\n; new.conf:3\ncommand = c\n; runs; another value is in new.conf:4\nevents = TICK_5\n; new.conf:5\nbuffer_size = 7\n" +
				"; runs; the files do not set it\nresult_handler_exec = j\n",
		},
		"a FastCGI program": {
			"[fcgi-program:a]\ncommand=c\nsocket=unix:///tmp/s\nsocket_owner=0:0\nsocket_backlog=3\n",
			"[fcgi-program:a]\ncommand=c\nsocket=unix:///tmp/s\nsocket_mode=0770\n",
			differs + "[fcgi-program:a]\n; new.conf:3\ncommand = c\n; new.conf:4\nsocket = unix:///tmp/s\n" +
				"; runs; another value is in new.conf:5\nsocket_mode = 0700\n; runs; the files do not set it\nsocket_owner = 0:0\nsocket_backlog = 3\n",
		},
		"a socket of TCP": {
			"[fcgi-program:a]\ncommand=c\nsocket=tcp://h:1\n",
			"[fcgi-program:a]\ncommand=c\nsocket=unix:///tmp/s\nsocket_mode=0770\n",
			differs + "[fcgi-program:a]\n; new.conf:3\ncommand = c\n; runs; another value is in new.conf:4\nsocket = tcp://h:1\n",
		},
		"a plug-in": {
			"[rpcinterface:a]\ncommand=c\ncallwaitsecs=5\noption=s3cr3t\n",
			"[rpcinterface:a]\ncommand=c\ncallwaitsecs=6\noption=s3cr3t\n",
			differs + "[rpcinterface:a]\n; new.conf:3\ncommand = c\n; runs; another value is in new.conf:4\ncallwaitsecs = 5\n; new.conf:5\noption = (hidden)\n",
		},
	} {
		if !strings.Contains(c.running, "[supervisord]") {
			c.running = "[supervisord]\n" + c.running
		}
		environ := []string{"API_TOKEN=t0ken%", "KEY=ab", "ODD=a\rb\xff"}
		o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", write(t, t.TempDir(), "old.conf", c.running)})
		if err != nil {
			t.Fatal(err)
		}
		running, err := Load(o, environ)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f, err := filesOf(t, running, "[supervisord]\n"+c.files, environ...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		i := slices.IndexFunc(running.Groups, func(g *Group) bool { return g.Name != "" })
		got := runningText(t, f, running.Groups[i])
		got = strings.ReplaceAll(got, strings.TrimSuffix(f.Config.Path, "new.conf"), "")
		if diff := cmp.Diff(unaligned(c.want), unaligned(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if strings.Contains(got, "s3cr3t") {
			t.Errorf("%s: a secret in\n%s", name, got)
		}
	}
}

// unaligned returns the text of a file with one blank before each equals sign.
func unaligned(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, ";") {
			line = strings.TrimRight(key, " ") + " =" + value
		}
		lines = append(lines, line)
	}
	return strings.TrimRight(strings.Join(lines, ""), "\n")
}

// TestRunningReadsBack shows groups of random configurations while the files have another one, and reads the result: a group of one
// process has the same values, but for its environment, which is hidden.
func TestRunningReadsBack(t *testing.T) {
	tried := 0
	for seed := range uint64(1200) {
		text, environ := randomFile(rand.New(rand.NewPCG(seed, 1)))
		running, _, err := shown(t, text, environ, false)
		if err != nil {
			continue
		}
		other, _ := randomFile(rand.New(rand.NewPCG(seed, 2)))
		f, err := filesOf(t, running, other, environ...)
		if err != nil {
			continue
		}
		for _, g := range running.Groups {
			if len(g.Processes) != 1 || g.Extra != nil { // groups= names others
				continue
			}
			file := runningText(t, f, g)
			if strings.Contains(file, escaped) {
				continue
			}
			again, _, err := shown(t, "[supervisord]\n"+file, environ, false)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s\n--\n%s\n--\n%s", seed, err, text, other, file)
			}
			i := slices.IndexFunc(again.Groups, func(r *Group) bool { return r.Name == g.Name })
			again.Groups[i].Processes[0].Run.Environment = g.Processes[0].Run.Environment
			if !g.Equal(again.Groups[i]) {
				t.Fatalf("seed %d: %+v\n%+v\n%q\n--\n%s\n--\n%s", seed, *g.Processes[0], *again.Groups[i].Processes[0], text, other, file)
			}
			tried++
		}
	}
	if tried < 60 {
		t.Errorf("%d groups", tried)
	}
}
