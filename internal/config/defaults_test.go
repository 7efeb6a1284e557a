package config

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProgramDefault checks which value of a key counts, and that sections of other kinds take none.
//
// covers: L14-a L14-c
func TestProgramDefault(t *testing.T) {
	c := mustLoad(t, `[supervisord]
environment=S=s,A=s
[DEFAULT]
startsecs=1
stopwaitsecs=2
[program-default]
command=/bin/false
stopwaitsecs=3
startretries=4
socket_mode=0600
environment=A="%(program_name)s",B=default
unknown=1
[program:own]
command=c %(ENV_A)s %(ENV_B)s
startretries=5
environment=B=own,C="%(program_name)s"
[program:none]
command=c
[fcgi-program:f]
command=c
socket=unix:///f
[eventlistener:l]
command=c
events=TICK_5
[rpcinterface:p]
command=c
[group:g]
programs=none
`)
	type values struct {
		Command       string
		Wait, Retries int
		Environment   map[string]string
	}
	got := map[string]values{}
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			got[p.Section] = values{p.Run.Command, p.Stop.WaitSecs, p.Backoff.Retries, p.Run.Environment}
			if p.Socket != nil && p.Socket.Mode != 0o600 {
				t.Errorf("socket_mode: %o", p.Socket.Mode)
			}
		}
	}
	want := map[string]values{
		"program:own":     {"c own own", 3, 5, map[string]string{"S": "s", "A": "own", "B": "own", "C": "own"}},
		"program:none":    {"c", 3, 4, map[string]string{"S": "s", "A": "none", "B": "default"}},
		"fcgi-program:f":  {"c", 3, 4, map[string]string{"S": "s", "A": "f", "B": "default"}},
		"eventlistener:l": {"c", 2, 3, map[string]string{"S": "s", "A": "s"}},
		"rpcinterface:p":  {"c", 2, 3, map[string]string{"S": "s", "A": "s", "SUPERVISOR_NAMESPACE": "p"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestCredentialsOfForms checks that children do not inherit the variables from which passwords come by way of forms and variables.
func TestCredentialsOfForms(t *testing.T) {
	environ := append(slices.Clone(testEnviron), "U1=u", "P1=p", "P2=p", "P3=p")
	path := write(t, t.TempDir(), "sd.conf", `[supervisord]
[variables]
inner=%(ENV_P2)s%(VAR_outer:-)s
outer=%(VAR_INNER)s%(ENV_P3-x)s
[inet_http_server]
port=1
username=%(ENV_U1:-u)s
password=%(ENV_P1:?no password)s%(VAR_Outer)s
`)
	o, err := ParseArgs("supervisord", []string{"-c", path})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Load(o, environ)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"U1", "P1", "P2", "P3"} {
		if !slices.Contains(c.Withheld, name) {
			t.Errorf("children inherit %s: %s", name, c.Withheld)
		}
	}
	if got := c.Servers[0].Password; got != "ppp" {
		t.Errorf("password: %q", got)
	}
}

// TestVariables checks that a variable sees those above it, in all files, and that supervisorctl needs only those that it uses.
func TestVariables(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b.conf", "[variables]\nlast=%(VAR_first)s%(VAR_mid)s%(here)s\n[program:p]\ncommand=%(VAR_LAST)s %(VAR_nope:-d)s\n")
	path := write(t, dir, "sd.conf", "[supervisord]\n[variables]\nfirst=1\nmid=%(VAR_first)s2\nb=b\ndaemon=%(ENV_A_VARIABLE_OF_THE_DAEMON)s\n"+
		"[include]\nfiles=%(VAR_b)s.conf\n[supervisorctl]\nprompt=%(VAR_mid)s\n")
	o, err := ParseArgs("supervisord", []string{"-c", path})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Load(o, append(slices.Clone(testEnviron), "A_VARIABLE_OF_THE_DAEMON=x"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Groups[0].Processes[0].Run.Command, "112"+dir+" d"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if ctl, err := loadCtl(t, "-c", path); err != nil || ctl.Prompt != "12" {
		t.Errorf("supervisorctl: %+v, %v", ctl, err)
	}
	if _, err := Load(o, testEnviron); err == nil || !strings.Contains(err.Error(), "'variables.daemon' contains names ('ENV_A_VARIABLE_OF_THE_DAEMON')") {
		t.Errorf("supervisord: %v", err)
	}
}

// TestAddedProgram checks that a program that is in no file can use the variables of the file.
func TestAddedProgram(t *testing.T) {
	c := mustLoad(t, "[supervisord]\n[variables]\nx=1\n")
	list, err := c.NewProcesses("g", "p", []Option{{"command", "c %(VAR_x)s"}, {"numprocs", "2"}, {"process_name", "%(process_num+1)d"}})
	if err != nil || len(list) != 2 || list[0].Run.Command != "c 1" || list[0].ProcessName != "1" || list[1].ProcessName != "2" {
		t.Errorf("%v, %v", list, err)
	}
}

// TestEnvFilesOrder checks which variable counts of those in files and in environment=.
//
// covers: L14-d
func TestEnvFilesOrder(t *testing.T) {
	dir := t.TempDir()
	line := func(names, from string) string {
		var text strings.Builder
		for _, name := range names {
			text.WriteString(string(name) + "=" + from + "\n")
		}
		return text.String()
	}
	write(t, dir, "s.env", line("ABCDEF", "s"))
	write(t, dir, "d.env", line("CDEF", "d"))
	write(t, dir, "p.env", line("DEF", "p"))
	path := write(t, dir, "sd.conf", `[supervisord]
envfiles=s.env,-none
environment=B=S,C=S,D=S,E=S,F=S
[program-default]
envfiles=d.env
environment=E=D,F=D
[program:p]
command=%(ENV_A)s%(ENV_B)s%(ENV_F)s
envfiles=p.env
environment=F=P
`)
	c, err := loadFile(t, path)
	if err != nil {
		t.Fatal(err)
	}
	p := c.Groups[0].Processes[0]
	env, err := p.Variables()
	if d := cmp.Diff(map[string]string{"B": "S", "C": "d", "D": "p", "E": "D", "F": "P"}, env); d != "" || err != nil {
		t.Error(err, d)
	}
	if got := p.Run.Command; got != "sSP" {
		t.Errorf("expanded: %s", got)
	}
	inherited := c.Supervisord.Environ([]string{"A=os", "Z=os"})
	if d := cmp.Diff([]string{"Z=os", "A=s", "B=s", "C=s", "D=s", "E=s", "F=s"}, inherited); d != "" {
		t.Error(d)
	}
	write(t, dir, "p.env", line("DEF", "q"))
	again, err := loadFile(t, path)
	if err != nil || len(Compare(c.Groups, again.Groups).Changed) != 0 {
		t.Errorf("a changed file is a change for update: %v", err)
	}
	if err := os.Remove(dir + "/s.env"); err != nil {
		t.Fatal(err)
	}
	if _, err := loadFile(t, path); err == nil || Explain(err) != "can't read envfile '"+dir+"/s.env': ENOENT\n  "+path+":2: [supervisord] envfiles=s.env,-none" {
		t.Errorf("got: %v", Explain(err))
	}
}
