package main

import "strings"

// ownSteps call the methods that the original does not have.
var ownSteps = []step{
	until("web", "healthy"), until("db", "RUNNING"), until("g:one", "RUNNING"), until("g:two", "RUNNING"), until("deaf", "RUNNING"),
	system("methodHelp", "supervisor.expandName"), system("methodSignature", "supervisor.getDependencies"),
	call("getProcessInfo", "web"), call("getProcessInfo", "held"), call("getAllConfigInfo"),

	call("expandName", "web"), call("expandName", "g"), call("expandName", "g:*"), call("expandName", "nope"),
	call("getConfig", "web"), call("getConfig", "g:one"), call("getConfig", "supervisord"), call("getConfig"), call("getConfig", "nope"),
	other("config", "own changed"), call("getConfig", "web"), other("config", "bad"), call("getConfig"), other("config", "own"),
	call("getDependencies", "web"), call("getDependencies", "held"), call("getDependencies", "db"), call("getDependencies", "nope"),
	call("runChecks", "web"), call("runChecks", "db"), call("runChecks", "manual"), call("runChecks", "nope"),

	call("reloadProcess", "web"), call("reloadProcess", "web", false), call("reloadProcess", "g:*"), call("reloadProcess", "deaf"),
	call("reloadProcess", "manual"), call("reloadProcess", "nope"), call("reloadAllProcesses"), call("reloadAllProcesses", false),

	call("restartProcess", "web"), call("restartProcess", "g:*"), call("restartProcess", "manual", true), call("restartProcess", "nope"),
	call("restartProcess", "missing"), call("restartProcess", "db", false), until("db", "RUNNING"), call("killProcess", "manual"),
	call("killProcess", "manual"), call("killProcess", "g:*", true), call("killProcess", "deaf", false), until("deaf", "STOPPED"),
	call("killProcess", "nope"), call("killAllProcesses"), call("killAllProcesses", false),

	call("disableProcess", "manual"), call("getProcessInfo", "manual"), call("startProcessGroup", "manual"), call("enableProcess", "manual"),
	call("disableProcess", "g:*", true), call("enableProcess", "g:*"), call("disableProcess", "nope"), call("enableProcess", "nope"),
	call("scaleProgram", "db", 0), call("scaleProgram", "db", 1, true, false), call("scaleProgram", "db", 2), call("scaleProgram", "db", 10001),
	call("scaleProgram", "nope", 1),
	call("rotateProcessLogs", "manual"), call("rotateProcessLogs", "g:*"), call("rotateProcessLogs", "nope"), call("rotateAllProcessLogs"),
	call("reopenProcessLogs", "manual"), call("reopenProcessLogs", "g:*"), call("reopenProcessLogs", "nope"), call("reopenAllProcessLogs"),
	call("rotateLog"), call("reopenLog"), call("waitForRotatedLogs"), call("readAuditLog", 5),
	other("log", "timed.log"), call("searchProcessStdoutLog", "timed"), call("searchProcessStdoutLog", "timed", query),
	call("searchProcessStdoutLog", "timed", map[string]any{"after": "1795780800000000.1"}), call("searchProcessStderrLog", "timed"),
	call("searchProcessStdoutLog", "timed", map[string]any{"grep": "("}), call("searchProcessStdoutLog", "timed", option("quick", true)),
	call("searchProcessStdoutLog", "nope"),
	system("multicall", []any{inner("supervisor.expandName", "g"), inner("supervisor.killProcess", "nope")}),

	call("planConfig"), call("updateConfig"), call("startAllProcesses"), until("db", "RUNNING"), other("config", "own updated"),
	call("planConfig"), call("planConfig", option("minimal", true)), call("planConfig", option("restart", false)),
	call("updateConfig", []any{"deaf", "nope"}), call("updateConfig", []any{}, noStart),
	until("db", "RUNNING"), call("updateConfig", []any{"g"}, option("minimal", true)), other("config", "own"),
	call("updateConfig", []any{}, option("restart", false)), call("getProcessInfo", "db"), other("config", "bad"), call("planConfig"),
	call("updateConfig"), other("config", "own"), call("planConfig", option("quick", true)), call("updateConfig", "web"),

	call("upgrade", true), call("upgrade"), other("remove", "supervisord"), call("upgrade"),
	// SHUTDOWN_STATE, while stubborn is still running
	call("shutdown"), call("getConfig", "stubborn"), call("expandName", "g"),
	call("getDependencies", "web"), call("runChecks", "stubborn"), call("reloadProcess", "stubborn"), call("reloadAllProcesses"),
	call("restartProcess", "db"), call("enableProcess", "db"), call("disableProcess", "db"), call("scaleProgram", "db", 1),
	call("planConfig"), call("updateConfig"), call("upgrade"), call("rotateLog"), call("rotateProcessLogs", "db"),
	call("rotateAllProcessLogs"), call("reopenLog"), call("readAuditLog", 5), call("reopenProcessLogs", "db"), call("reopenAllProcessLogs"),
	call("searchProcessStdoutLog", "timed"), call("searchProcessStderrLog", "timed"), call("waitForRotatedLogs"), call("killProcess", "db"), call("killAllProcesses"),
}

// timedLog is a log of which records are found, query finds one of them.
const timedLog = `{"time":"2026-11-27T12:00:00.000000Z","group":"timed","name":"timed","channel":"stdout","message":"one"}
{"time":"2026-11-27T12:00:00.000000Z","group":"timed","name":"timed","channel":"stdout","message":"two"}
{"time":"2026-11-27T12:00:01.500000Z","group":"timed","name":"timed","channel":"stdout","message":"three"}
`

var query = struct {
	Bytes int    `xmlrpc:"bytes"`
	Grep  string `xmlrpc:"grep"`
	Since string `xmlrpc:"since"`
	Until string `xmlrpc:"until"`
}{1000, "^t", "2026-11-27T12:00:00Z", "2026-11-27T12:00:01Z"}

// option is one of an update, and noStart are two.
func option(name string, on bool) map[string]any { return map[string]any{name: on} }

var noStart = struct {
	Minimal bool `xmlrpc:"minimal"`
	Start   bool `xmlrpc:"start"`
}{true, false}

const base = `[unix_http_server]
file=%(here)s/s.sock
[supervisord]
logfile=%(here)s/main.log
pidfile=%(here)s/sd.pid
childlogdir=%(here)s
silent=true
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
`

const own = base + `[program:db]
command=/bin/cat
startsecs=0
stdout_logfile=NONE
[program:web]
command=/bin/cat
startsecs=0
depends_on=db
reloadsignal=CONT
environment=TOKEN="secret"
stdout_logfile=NONE
liveness_check_script=/bin/sh -c "echo it is broken; exit 3"
liveness_check_initial_delay=1h
readiness_check_script=/bin/true
readiness_check_period=1h
[program:held]
command=/bin/cat
startsecs=0
stdout_logfile=NONE
depends_on=manual:ready, -missing
[program:manual]
command=/bin/cat
autostart=false
startsecs=0
stdout_logfile=NONE
liveness_check_script=tcp://127.0.0.1:1
[program:missing]
command=/no/such/program
autostart=false
stdout_logfile=NONE
[program:stubborn]
command=/bin/sh -c "trap : TERM; echo ready; while :; do sleep 1; done"
autostart=false
autorestart=false
startsecs=1
stopwaitsecs=10
stdout_logfile=NONE
[program:deaf]
command=/bin/cat
startsecs=0
stdout_logfile=NONE
reload_command=/bin/false
[program:timed]
command=/bin/cat
autostart=false
stdout_logfile=%(here)s/timed.log
stdout_logfile_format=json
stderr_logfile=NONE
[program:one]
command=/bin/cat
startsecs=0
reloadsignal=CONT
stdout_logfile=NONE
[program:two]
command=/bin/cat
startsecs=0
reloadsignal=CONT
stdout_logfile=NONE
[group:g]
programs=one,two
`

// ownUpdated is own with a program that changes in place, one that changes its command, one that is gone, and others that are new.
var ownUpdated = strings.NewReplacer("[program:db]\ncommand=/bin/cat\n", "[program:db]\ncommand=/bin/cat -\n", "reloadsignal=CONT\nenvironment",
	"startretries=7\nenvironment", "[program:deaf]", "[program:new]", "programs=one,two", "programs=one,two,three\n[program:three]\ncommand=/bin/cat").Replace(own)
