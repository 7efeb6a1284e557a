package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
)

// generator generates the configurations and calls of a session.
type generator struct {
	*rand.Rand
	refused bool // the current configuration cannot be read
}

func newGenerator(seed, number uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, number))}
}

func (g *generator) chance(p float64) bool { return g.Float64() < p }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// recorder is the event listener that is in every configuration. Sessions do nothing to it.
const recorder = "recorder"

// long is longer than the tokens of capture mode: the original holds back shorter output until more comes.
const long = "a_line_that_is_longer_than_a_token"

// head is the beginning of all configurations. SELF, RECORD and DIR are replaced when one is written.
const head = `[supervisord]
nodaemon=true
logfile=DIR/main.log
pidfile=DIR/pid
childlogdir=DIR
[unix_http_server]
file=DIR/s
[supervisorctl]
serverurl=unix://DIR/s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[eventlistener:recorder]
command=RECORD DIR/events
events=PROCESS_STATE,PROCESS_COMMUNICATION,PROCESS_LOG,PROCESS_GROUP,REMOTE_COMMUNICATION
buffer_size=1000
startsecs=0
autorestart=false
stdout_logfile=NONE
`

var programs = []string{"a", "b", "c", "d", "e", "f"}

// config returns a configuration with some programs, some of them in a group.
func (g *generator) config() string {
	var b strings.Builder
	b.WriteString(head)
	var names []string
	for _, i := range g.Perm(len(programs))[:2+g.IntN(4)] {
		if g.program(&b, programs[i]) != "fcgi" { // in a group it has no socket in the original (DIFF-103)
			names = append(names, programs[i])
		}
	}
	if g.chance(0.5) {
		g.listener(&b)
	}
	if len(names) > 0 && g.chance(0.6) {
		members := strings.Join(names[:1+g.IntN(len(names))], ",")
		fmt.Fprintf(&b, "[group:g]\nprograms=%s\npriority=%d\n", members, pick(g, 1, 5, 999))
	}
	return b.String()
}

// listener writes the section of an event listener that follows the protocol, violates it, or never answers. None rejects events,
// which would be sent again at other times (DIFF-87), and none has the recorder's priority (DIFF-83).
func (g *generator) listener(b *strings.Builder) {
	command := pick(g, "SELF listen DIR/l.events", "SELF listen DIR/l.events",
		`SELF listen DIR/l.events "RESULT x\\nOK"`, `SELF listen DIR/l.events nonsense`, "SELF hang", "SELF outln nonsense hang",
		"/bin/sh -c 'echo READY; read line; exit 0'", "/bin/sh -c 'echo READY; exec cat'", "/no/such/command", "SELF exit 1")
	fmt.Fprintf(b, "[eventlistener:l]\ncommand=%s\nevents=%s\npriority=%d\nautorestart=false\nstartsecs=0\nstartretries=0\n", command,
		pick(g, "PROCESS_COMMUNICATION", "PROCESS_STATE", "PROCESS_STATE_EXITED,PROCESS_LOG", "REMOTE_COMMUNICATION", "PROCESS_GROUP"), pick(g, 1, 1000))
	for _, option := range []string{
		"numprocs=2\nprocess_name=%(program_name)s_%(process_num)02d", "buffer_size=1", "buffer_size=3",
		"autostart=false", "stdout_logfile=DIR/l_%(process_num)d.out", "redirect_stderr=false",
		"result_handler=supervisor.dispatchers:default_handler",
	} {
		if g.chance(0.3) {
			b.WriteString(option + "\n")
		}
	}
}

// wrong returns a configuration that cannot be read.
func (g *generator) wrong() string {
	return g.config() + "[program:wrong]\ncommand=/bin/cat\n" + pick(g, "startsecs=x", "autostart=perhaps", "stopsignal=NOPE",
		"numprocs=2", "umask=9", "environment=A", "exitcodes=999", "stdout_logfile=/no/such/directory/x", "user=nobody_here",
		"command=%(nope)s") + "\n"
}

// program writes the section of a program. One that exits at once has startsecs=10, so that its start fails however late the exit is
// noticed.
func (g *generator) program(b *strings.Builder, name string) (kind string) {
	kind = pick(g, "hang", "hang", "late", "fcgi", "ends", "leaves", "stubborn", "says", "echo", "captured", "bad")
	startsecs, retries, exit := 0, g.IntN(2), pick(g, 0, 3)
	command := "SELF hang"
	switch kind {
	case "late":
		startsecs = 1
	case "ends":
		startsecs, command = 10, fmt.Sprintf("SELF exit %d", exit)
	case "leaves": // after a line of input
		command = fmt.Sprintf("/bin/sh -c 'read line; exit %d'", exit)
	case "stubborn":
		command = "SELF ignore TERM,INT,HUP,QUIT,USR1 outln " + long + " hang"
	case "says":
		command = "SELF outln " + long + " errln " + long + " hang"
	case "echo":
		command = "SELF outln " + long + " echo"
	case "captured":
		command = `SELF outln "<!--XSUPERVISOR:BEGIN-->note<!--XSUPERVISOR:END-->` + long + `" hang`
	case "bad":
		command = pick(g, "/no/such/command", "/tmp", "/etc/passwd", "nosuchcommand", `"unbalanced`)
	}
	restart, wait, section := pick(g, "false", "false", "unexpected", "true"), 5, "program"
	switch kind {
	case "ends":
		restart, retries = "false", 0
	case "stubborn":
		wait = 1
	case "fcgi":
		section = "fcgi-program"
	}
	fmt.Fprintf(b, "[%s:%s]\ncommand=%s\nstartsecs=%d\nstartretries=%d\nautorestart=%s\nstopwaitsecs=%d\n"+
		"autostart=%v\npriority=%d\n", section, name, command, startsecs, retries, restart, wait, g.chance(0.7), pick(g, 1, 1, 5, 999))
	if kind == "fcgi" {
		fmt.Fprintf(b, "socket=unix://DIR/%s.sock\n", name)
	}
	if g.chance(0.4) {
		fmt.Fprintf(b, "numprocs=2\nprocess_name=%%(program_name)s_%%(process_num)02d\n")
	}
	for _, option := range [][]string{
		{"redirect_stderr", "true"}, {"stopasgroup", "true"}, {"killasgroup", "true"}, {"umask", "077"},
		{"serverurl", "http://127.0.0.1:1"}, {"environment", "A=1", "B=%(process_num)d"}, {"directory", "/tmp"},
		{"exitcodes", "3", "0,3", "7"}, {"stopsignal", "INT", "KILL", "USR1", "9", "SIGHUP"},
		{"stdout_logfile", "NONE", "DIR/%(program_name)s_%(process_num)d.out"}, {"stderr_logfile", "NONE"},
		{"stdout_logfile_maxbytes", "0", "10", "1MB"}, {"stderr_logfile_maxbytes", "5"}, {"stdout_logfile_backups", "0", "1"},
		{"stdout_capture_maxbytes", "1KB"}, {"stderr_capture_maxbytes", "10"},
		{"stdout_events_enabled", "true"}, {"stderr_events_enabled", "true"},
	} {
		if g.chance(0.15) {
			fmt.Fprintf(b, "%s=%s\n", option[0], pick(g, option[1:]...))
		}
	}
	return kind
}

// call is a call of a method, a signal to the daemon, or a command of supervisorctl. If config is not empty, it is the new text of
// the configuration.
type call struct {
	method  string
	args    []any
	signal  syscall.Signal
	command []string
	config  string
}

func (c call) String() string {
	switch {
	case c.command != nil:
		return fmt.Sprintf("supervisorctl %q", c.command)
	case c.signal != 0:
		return c.signal.String()
	}
	return fmt.Sprint(c.method, c.args)
}

// name returns a namespec, mostly of a process that exists.
func (g *generator) name(names [][2]string) string {
	if len(names) == 0 || g.chance(0.12) {
		return pick(g, "nope", "nope:*", "", "g:nope", ":", "a:b:c", "*", "all", "nope:x")
	}
	n := pick(g, names...)
	if g.chance(0.15) {
		return n[0] + pick(g, ":*", ":", "")
	}
	return pick(g, n[0]+":"+n[1], n[0]+":"+n[1], n[1])
}

func (g *generator) group(names [][2]string) string {
	if len(names) == 0 || g.chance(0.2) {
		return pick(g, append(programs, "g", "nope", "")...)
	}
	return pick(g, names...)[0]
}

// change returns another configuration, which sometimes cannot be read.
func (g *generator) change() string {
	if g.refused = g.chance(0.2); g.refused {
		return g.wrong()
	}
	return g.config()
}

// command returns a command of supervisorctl.
func (g *generator) command(names [][2]string) call {
	do := func(args ...string) call { return call{command: args} }
	name, other, group := g.name(names), g.name(names), g.group(names)
	switch g.IntN(20) {
	case 0:
		return do("status")
	case 1:
		return do("status", name, other)
	case 2:
		return do("start", name, other)
	case 3:
		return do("stop", name, other)
	case 4:
		return do("restart", name)
	case 5:
		return do(pick(g, "start", "stop", "restart", "clear"), pick(g, "all", name))
	case 6:
		return do("signal", pick(g, "CONT", "TERM", "9", "nope", "SIGUSR1"), name) // a second one could come before or after its exit
	case 7:
		return do("clear", name, other)
	case 8:
		return do("pid", pick(g, name, "all"))
	case 9:
		return do("pid")
	case 10:
		return do("tail", pick(g, "-1", "-5", "-100", "-x", "-0"), name, pick(g, "stdout", "stderr", "stdin"))
	case 11:
		return do("tail", name)
	case 12:
		return do("avail")
	case 13:
		return do("add", group, g.group(names))
	case 14:
		return do("remove", group, g.group(names))
	case 15:
		return do("reread")
	case 16:
		c := do("reread")
		c.config = g.change()
		return c
	case 17:
		c := do("update")
		g.refused, c.config = false, g.config() // DIFF-75
		return c
	}
	if g.refused {
		return do(pick(g, "start", "stop", "tail", "nope", "add", "signal", "quit"))
	}
	return pick(g, do("update"), do("update", group), do("update", "all"), do("reload"))
}

// call returns the next call of a session in which the processes of those names exist.
func (g *generator) call(names [][2]string) call {
	do := func(method string, args ...any) call { return call{method: "supervisor." + method, args: args} }
	if g.chance(0.3) {
		return g.command(names)
	}
	name, group, wait := g.name(names), g.group(names), g.chance(0.8)
	signal := pick[any](g, "USR1", "SIGHUP", "TERM", "KILL", "9", 15, 0, "0", "", "nope", "sigterm", 99)
	offset, length := pick(g, 0, -1, -3, 1, 5, 100), pick(g, 0, 1, 3, 100, -1)
	switch g.IntN(36) {
	case 0, 1, 2:
		return do("startProcess", name, wait)
	case 3:
		return do("startProcess", name)
	case 4, 5, 6:
		return do("stopProcess", name, wait)
	case 7:
		return do("startProcessGroup", group, wait)
	case 8:
		return do("stopProcessGroup", group, wait)
	case 9:
		return do("startAllProcesses", wait)
	case 10:
		return do("stopAllProcesses", wait)
	case 11, 12:
		return do("signalProcess", name, signal)
	case 13:
		return do("signalProcessGroup", group, signal)
	case 14:
		return do("signalAllProcesses", pick(g, "CONT", "nope"))
	case 15, 16:
		return do("addProcessGroup", group)
	case 17, 18:
		return do("removeProcessGroup", group)
	case 19:
		return do("reloadConfig")
	case 20, 21, 22:
		c := do("reloadConfig")
		c.config = g.change()
		return c
	case 23:
		return do("getProcessInfo", name)
	case 24:
		return do("getAllConfigInfo")
	case 25:
		return do(pick(g, "readProcessStdoutLog", "readProcessStderrLog", "readProcessLog"), name, offset, length)
	case 26:
		return do(pick(g, "tailProcessStdoutLog", "tailProcessStderrLog", "tailProcessLog"), name, offset, length)
	case 27:
		return do(pick(g, "clearProcessLogs", "clearProcessLog"), name)
	case 28:
		return do("clearAllProcessLogs")
	case 29, 30:
		return do("sendProcessStdin", name, pick[any](g, long+"\n", long+"é"+long+"\n", "", 5))
	case 31:
		return do("sendRemoteCommEvent", pick(g, "type", ""), pick(g, "data", "two\nlines", "é"))
	case 32:
		return do(pick(g, "getState", "getAPIVersion", "getIdentification", "nope", "startProcess", "getAllProcessInfo"))
	}
	if !g.refused {
		switch g.IntN(4) {
		case 0:
			return do("restart")
		case 1:
			return call{signal: pick(g, syscall.SIGHUP, syscall.SIGUSR2)}
		}
	}
	inner := func(method string, args ...any) map[string]any {
		return map[string]any{"methodName": method, "params": append([]any{}, args...)}
	}
	// No start followed by a stop: the original's signal may come before the child handles it.
	return call{method: "system.multicall", args: []any{[]any{inner("supervisor.getState"),
		inner("supervisor.startProcess", name), inner(pick(g, "supervisor.clearProcessLogs", "nope"), g.name(names))}}}
}
