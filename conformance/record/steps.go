package main

import "strings"

// step is a call that is recorded, or another action.
type step struct {
	do     string // empty: a call; "until" NAME STATE, "config" NAME, "directory" FILE, "remove" FILE
	method string
	params []any
}

func call(method string, params ...any) step {
	return step{method: "supervisor." + method, params: params}
}
func system(method string, params ...any) step {
	return step{method: "system." + method, params: params}
}
func until(name, state string) step { return step{do: "until", params: []any{name, state}} }
func other(do, what string) step    { return step{do: do, params: []any{what}} }

// innerCall is a call of a multicall. A map would be sent in another order each time.
type innerCall struct {
	Method string `json:"methodName" xmlrpc:"methodName"`
	Params []any  `json:"params" xmlrpc:"params"`
}

func inner(method string, params ...any) innerCall {
	return innerCall{method, append([]any{}, params...)}
}

// steps call every method at least once and provoke every fault.
var steps = []step{
	until("cat", "RUNNING"), until("loud", "RUNNING"), until("g:one", "RUNNING"), until("g:two", "RUNNING"),
	call("getAPIVersion"), call("getVersion"), call("getSupervisorVersion"), call("getIdentification"), call("getState"),
	call("getPID"), system("listMethods"), system("methodHelp", "supervisor.getPID"),
	system("methodSignature", "supervisor.startProcess"), system("methodSignature", "supervisor.tailProcessStdoutLog"),

	call("getProcessInfo", "cat"), call("getProcessInfo", "g:one"), call("getProcessInfo", "manual"),
	call("getAllProcessInfo"), call("getAllConfigInfo"),

	call("readProcessStdoutLog", "loud", 0, 0), call("readProcessLog", "loud", -4, 0),
	call("readProcessStderrLog", "loud", 0, 2), call("readProcessStdoutLog", "loud", 1000, 0),
	call("tailProcessStdoutLog", "loud", 0, 3), call("tailProcessLog", "loud", 0, 100),
	call("tailProcessStderrLog", "loud", 1000, 5), call("tailProcessStdoutLog", "quiet", 0, 10),
	call("readLog", 0, 10), call("readMainLog", 0, 4),
	call("sendProcessStdin", "cat", "über <&> text\n"), call("sendRemoteCommEvent", "type", "data"),

	call("signalProcess", "cat", "CONT"), call("signalProcess", "cat", 18), call("signalProcessGroup", "g", "cont"),
	call("signalAllProcesses", "CONT"), call("signalProcess", "g:*", "CONT"),

	call("startProcess", "manual"), call("stopProcess", "manual"), call("startProcess", "manual", true),
	call("stopProcess", "manual", true), call("startProcess", "manual", 1), call("stopProcess", "manual", false),
	until("manual", "STOPPED"), call("getProcessInfo", "manual"),
	call("stopProcessGroup", "g"), call("startProcessGroup", "g", true), call("stopProcess", "g:*"),
	call("startProcess", "g:*", false), until("g:one", "RUNNING"), until("g:two", "RUNNING"),

	call("clearProcessLogs", "loud"), call("clearProcessLog", "loud"), call("clearAllProcessLogs"), call("clearLog"),
	call("reloadConfig"), call("stopProcess", "g:one"), call("stopProcess", "g:two"), call("removeProcessGroup", "g"),
	call("addProcessGroup", "g"), until("g:one", "RUNNING"), until("g:two", "RUNNING"),
	other("config", "changed"), call("reloadConfig"), other("config", "first"), call("reloadConfig"),

	system("multicall", []any{inner("supervisor.getAPIVersion"), inner("supervisor.getProcessInfo", "nope"),
		inner("system.multicall", []any{}), inner("nope"), map[string]any{"params": []any{}}, inner("supervisor.startProcess", "cat"),
		inner("supervisor.getState")}),

	// UNKNOWN_METHOD, INCORRECT_PARAMETERS, BAD_ARGUMENTS, SIGNATURE_UNSUPPORTED
	call("nope"), {method: "getPID"}, call("getPID.x"), call("_stop"), system("nope"),
	call("getPID", 1), call("startProcess"), system("methodHelp", "nope"), system("methodSignature", "nope"),
	call("readLog", 0, -1), call("readProcessStdoutLog", "loud", -5, 5),
	// BAD_NAME, BAD_SIGNAL
	call("getProcessInfo", "nope"), call("getProcessInfo", "g:*"), call("startProcess", "g:nope"), call("startProcess", "nope:*"),
	call("stopProcess", "nope"), call("startProcessGroup", "nope"), call("stopProcessGroup", "nope"),
	call("signalProcessGroup", "nope", "HUP"), call("clearProcessLogs", "nope"), call("readProcessStdoutLog", "nope", 0, 0),
	call("tailProcessStdoutLog", "nope", 0, 0), call("sendProcessStdin", "nope", "x"), call("addProcessGroup", "nope"),
	call("removeProcessGroup", "nope"), call("signalProcess", "cat", "BOGUS"), call("signalProcessGroup", "g", "BOGUS"),
	// NO_FILE, NOT_EXECUTABLE, FAILED
	call("startProcess", "missing"), call("startProcess", "notexec"), call("readProcessStdoutLog", "quiet", 0, 0),
	other("directory", "cat.log"), call("readProcessStdoutLog", "cat", 0, 0), call("tailProcessStdoutLog", "cat", 7, 5),
	// SPAWN_ERROR, ALREADY_STARTED, NOT_RUNNING, ABNORMAL_TERMINATION
	call("startProcess", "dies"), call("startProcess", "cat"), call("stopProcess", "manual"), call("signalProcess", "manual", "HUP"),
	call("sendProcessStdin", "manual", "x"), call("startProcess", "stubborn"), call("readProcessStdoutLog", "stubborn", 0, 0),
	call("stopProcess", "stubborn", false), call("startProcess", "stubborn", true),
	// ALREADY_ADDED, STILL_RUNNING, CANT_REREAD
	call("addProcessGroup", "cat"), call("removeProcessGroup", "cat"), other("config", "bad"), call("reloadConfig"),
	other("config", "first"),
	// SHUTDOWN_STATE, while stubborn is still running
	until("stubborn", "STOPPED"), call("stopAllProcesses", false), until("cat", "STOPPED"), until("loud", "STOPPED"),
	until("quiet", "STOPPED"), until("g:one", "STOPPED"), until("g:two", "STOPPED"), call("startAllProcesses", false),
	until("stubborn", "RUNNING"), call("restart"), call("getState"), call("startProcess", "cat"),
	call("shutdown"),
}

const first = base + `[program:cat]
command=/bin/cat
startsecs=0
stdout_logfile=%(here)s/cat.log
[program:loud]
command=/bin/sh -c "echo out; echo err >&2; exec cat"
startsecs=0
stdout_logfile=%(here)s/loud.log
stderr_logfile=%(here)s/loud.err
[program:manual]
command=/bin/cat
autostart=false
startsecs=0
priority=77
stdout_logfile=NONE
[program:quiet]
command=/bin/cat
startsecs=0
stdout_logfile=NONE
stderr_logfile=NONE
[program:missing]
command=/no/such/program
autostart=false
[program:notexec]
command=/etc
autostart=false
[program:dies]
command=/bin/false
autostart=false
startsecs=1
startretries=0
[program:stubborn]
command=/bin/sh -c "trap : TERM; echo ready; while :; do sleep 1; done"
autostart=false
autorestart=false
startsecs=1
stopwaitsecs=10
stdout_logfile=%(here)s/stubborn.log
[program:one]
command=/bin/cat
startsecs=0
[program:two]
command=/bin/cat
startsecs=0
[group:g]
programs=one,two
`

var configs = map[string]string{
	"first":   first,
	"changed": first + "[program:new]\ncommand=/bin/cat\nautostart=false\n",
	"bad":     first + "[program:bad]\n",

	"own":         own,
	"own updated": ownUpdated,
	"own changed": strings.Replace(own, "reloadsignal=CONT\nenvironment", "startretries=7\nenvironment", 1),
}
