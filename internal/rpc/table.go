package rpc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/config"
)

var (
	nameParam   = Param{Name: "name", Type: "string", Help: "a process: NAME or GROUP:NAME"}
	specParam   = Param{Name: "name", Type: "string", Help: "a process, NAME or GROUP:NAME, or a group, GROUP:*"}
	groupParam  = Param{Name: "name", Type: "string", Help: "a group"}
	signalParam = Param{Name: "signal", Type: "signal", Help: "a signal by name, with or without SIG, or by number"}
	offsetParam = Param{Name: "offset", Type: "int", Help: "the first byte; a negative number counts from the end"}
	lengthParam = Param{Name: "length", Type: "int", Help: "the number of bytes; 0 for all up to the end"}
	tailParams  = []Param{nameParam,
		{Name: "offset", Type: "int", Help: "the offset that the previous call returned"},
		{Name: "length", Type: "int", Help: "the largest number of bytes"}}
	startWait  = Param{Name: "wait", Type: "boolean", Help: "return when the process is RUNNING, not when it has been started", Optional: true}
	reloadWait = Param{Name: "wait", Type: "boolean", Help: "return when reload_command has ended, and a program with ready=notify is ready again, not when that has begun", Optional: true}
	stopWait   = Param{Name: "wait", Type: "boolean", Help: "return when the process has stopped, not when it has been signaled", Optional: true}
)

// updateOptions are options of planConfig and updateConfig, which updateFlags reads.
var updateOptions = Param{Name: "options", Type: "struct", Optional: true, Help: "minimal (false): change groups in place and restart single " +
	"processes where that is possible; start (true): start what does not run; restart (true): restart what runs, else it has its " +
	"values from its next start, which implies minimal"}

const statusArray = "array a struct for each process: name, group, status, description"

const rotateResult = statusArray + ": OK, or nothing to rotate"

// table lists all built-in methods, without aliases.
var table = []Method{
	{Name: "supervisor.getAPIVersion", Role: access.Read, Do: (*Server).getAPIVersion,
		Help: "Return the version of this interface.", Result: "string the version"},
	{Name: "supervisor.getSupervisorVersion", Role: access.Read, Do: (*Server).getSupervisorVersion,
		Help: "Return the version of supervisord.", Result: "string the version"},
	{Name: "supervisor.getIdentification", Role: access.Read, Do: (*Server).getIdentification,
		Help: "Return the identifier of supervisord.", Result: "string the identifier"},
	{Name: "supervisor.getState", Role: access.Read, Do: (*Server).getState,
		Help: "Return the state of supervisord.", Result: "struct statecode and statename"},
	{Name: "supervisor.getPID", Role: access.Read, Do: (*Server).getPID,
		Help: "Return the process id of supervisord.", Result: "int the process id"},
	{Name: "supervisor.readLog", Role: access.Read, Daemon: true, Do: (*Server).readLog, Params: []Param{offsetParam, lengthParam},
		Help: "Read a part of the main log.", Result: "string the bytes"},
	{Name: "supervisor.clearLog", Role: access.Full, Daemon: true, Do: (*Server).clearLog,
		Help: "Empty the main log.", Result: "boolean always true"},
	{Name: "supervisor.shutdown", Role: access.Full, Daemon: true, Do: (*Server).shutdown,
		Help: "Stop all processes, then supervisord.", Result: "boolean always true"},
	{Name: "supervisor.restart", Role: access.Full, Daemon: true, Do: (*Server).restart,
		Help: "Read the configuration, stop all processes and start again.", Result: "boolean always true"},
	{Name: "supervisor.reloadConfig", Role: access.Full, Daemon: true, Do: (*Server).reloadConfig,
		Help:   "Read the configuration and return how it differs from the active groups. It changes no group.",
		Result: "array one array of three: the groups added, changed and removed"},
	{Name: "supervisor.addProcessGroup", Role: access.Full, Daemon: true, Do: (*Server).addProcessGroup, Params: []Param{groupParam},
		Help: "Activate a group of the configuration that was read last.", Result: "boolean always true"},
	{Name: "supervisor.removeProcessGroup", Role: access.Full, Daemon: true, Do: (*Server).removeProcessGroup, Params: []Param{groupParam},
		Help: "Remove a group whose processes have stopped.", Result: "boolean always true"},
	{Name: "supervisor.startProcess", Role: access.Control, Do: (*Server).startProcess, Params: []Param{specParam, startWait},
		Help: "Start a process.", Result: "boolean always true"},
	{Name: "supervisor.startProcessGroup", Role: access.Control, Do: (*Server).startProcessGroup, Params: []Param{groupParam, startWait},
		Help: "Start the processes of a group that are not running.", Result: statusArray},
	{Name: "supervisor.startAllProcesses", Role: access.Control, Do: (*Server).startAllProcesses, Params: []Param{startWait},
		Help: "Start all processes that are not running.", Result: statusArray},
	{Name: "supervisor.stopProcess", Role: access.Control, Do: (*Server).stopProcess, Params: []Param{specParam, stopWait},
		Help: "Stop a process.", Result: "boolean always true"},
	{Name: "supervisor.stopProcessGroup", Role: access.Control, Do: (*Server).stopProcessGroup, Params: []Param{groupParam, stopWait},
		Help: "Stop the processes of a group that are running.", Result: statusArray},
	{Name: "supervisor.stopAllProcesses", Role: access.Control, Do: (*Server).stopAllProcesses, Params: []Param{stopWait},
		Help: "Stop all processes that are running.", Result: statusArray},
	{Name: "supervisor.signalProcess", Role: access.Control, Do: (*Server).signalProcess, Params: []Param{specParam, signalParam},
		Help: "Send a signal to a process.", Result: "boolean always true"},
	{Name: "supervisor.signalProcessGroup", Role: access.Control, Do: (*Server).signalProcessGroup, Params: []Param{groupParam, signalParam},
		Help: "Send a signal to the processes of a group that are running.", Result: statusArray},
	{Name: "supervisor.signalAllProcesses", Role: access.Control, Do: (*Server).signalAllProcesses, Params: []Param{signalParam},
		Help: "Send a signal to all processes that are running.", Result: statusArray},
	{Name: "supervisor.sendProcessStdin", Role: access.Control, Do: (*Server).sendProcessStdin,
		Params: []Param{nameParam, {Name: "chars", Type: "string", Help: "the text; as base64, any bytes"}},
		Help:   "Send text to the standard input of a process.", Result: "boolean always true"},
	{Name: "supervisor.sendRemoteCommEvent", Role: access.Control, Daemon: true, Do: (*Server).sendRemoteCommEvent,
		Params: []Param{{Name: "type", Type: "string", Help: "the type in the payload of the event"},
			{Name: "data", Type: "string", Help: "the data in the payload of the event"}},
		Help: "Emit a REMOTE_COMMUNICATION event.", Result: "boolean always true"},
	{Name: "supervisor.getProcessInfo", Role: access.Read, Do: (*Server).getProcessInfo, Params: []Param{nameParam},
		Help: "Return the state of a process.", Result: "struct the members of a process"},
	{Name: "supervisor.getAllProcessInfo", Role: access.Read, Do: (*Server).getAllProcessInfo, Shared: true,
		Help: "Return the state of all processes, by group and name.", Result: "array a struct for each process, as from getProcessInfo"},
	{Name: "supervisor.getAllConfigInfo", Role: access.Read, Do: (*Server).getAllConfigInfo,
		Help: "Return the settings of all processes in the configuration that was read last.", Result: "array a struct for each process"},
	{Name: "supervisor.readProcessStdoutLog", Role: access.Read, Do: (*Server).readProcessStdoutLog,
		Params: []Param{nameParam, offsetParam, lengthParam},
		Help:   "Read a part of the stdout log of a process.", Result: "string the bytes"},
	{Name: "supervisor.readProcessStderrLog", Role: access.Read, Do: (*Server).readProcessStderrLog,
		Params: []Param{nameParam, offsetParam, lengthParam},
		Help:   "Read a part of the stderr log of a process.", Result: "string the bytes"},
	{Name: "supervisor.tailProcessStdoutLog", Role: access.Read, Do: (*Server).tailProcessStdoutLog, Params: tailParams,
		Help: "Read the end of the stdout log of a process.", Result: "array the bytes, the next offset, overflow"},
	{Name: "supervisor.tailProcessStderrLog", Role: access.Read, Do: (*Server).tailProcessStderrLog, Params: tailParams,
		Help: "Read the end of the stderr log of a process.", Result: "array the bytes, the next offset, overflow"},
	{Name: "supervisor.clearProcessLogs", Role: access.Control, Do: (*Server).clearProcessLogs, Params: []Param{nameParam},
		Help: "Empty both logs of a process.", Result: "boolean always true"},
	{Name: "supervisor.clearAllProcessLogs", Role: access.Control, Do: (*Server).clearAllProcessLogs,
		Help: "Empty the logs of all processes.", Result: statusArray},
	{Name: "supervisor.getConfig", Role: access.Read, Ours: true, Do: (*Server).getConfig,
		Params: []Param{{Name: "name", Type: "string", Help: "a group, group:process, group:*, a program, or a section; by default all", Optional: true}},
		Help:   "Return the configuration that counts, after includes, defaults and expansions, without secrets.",
		Result: "array a struct for each section: section, from (its place), and keys, an array with a struct for each key: key, value (as in a file), from"},
	{Name: "supervisor.killProcess", Role: access.Control, Ours: true, Do: (*Server).killProcess, Params: []Param{specParam, stopWait},
		Help: "Kill a process with SIGKILL, also one that is stopping. It is not started again.", Result: "boolean always true"},
	{Name: "supervisor.killAllProcesses", Role: access.Control, Ours: true, Do: (*Server).killAllProcesses, Params: []Param{stopWait},
		Help: "Kill all processes with SIGKILL.", Result: statusArray},
	{Name: "supervisor.reloadProcess", Role: access.Control, Ours: true, Do: (*Server).reloadProcess, Params: []Param{specParam, reloadWait},
		Help:   "Have a process read its configuration again, by its reload_command or its reloadsignal.",
		Result: "boolean always true"},
	{Name: "supervisor.reloadAllProcesses", Role: access.Control, Ours: true, Do: (*Server).reloadAllProcesses, Params: []Param{reloadWait},
		Help: "Have all processes that run read their configurations again.", Result: statusArray},
	{Name: "supervisor.restartProcess", Role: access.Control, Ours: true, Do: (*Server).restartProcess, Params: []Param{specParam, startWait},
		Help:   "Stop a process and start it again; start it if it does not run, or when it has stopped. A stopProcess that comes meanwhile wins.",
		Result: "boolean always true"},
	{Name: "supervisor.rotateLog", Role: access.Full, Daemon: true, Ours: true, Do: (*Server).rotateLog,
		Help: "Rotate the main log.", Result: "boolean false if it is empty"},
	{Name: "supervisor.rotateProcessLogs", Role: access.Control, Ours: true, Do: (*Server).rotateProcessLogs, Params: []Param{specParam},
		Help: "Rotate both logs of a process, whether it runs or not.", Result: rotateResult},
	{Name: "supervisor.rotateAllProcessLogs", Role: access.Control, Ours: true, Do: (*Server).rotateAllProcessLogs,
		Help: "Rotate the logs of all processes.", Result: rotateResult},
	{Name: "supervisor.waitForRotatedLogs", Role: access.Control, Daemon: true, Ours: true, Waits: true, Do: (*Server).waitForRotatedLogs,
		Help: "Return when no rotated log waits to be compressed or deleted.", Result: "boolean always true"},
	{Name: "supervisor.readAuditLog", Role: access.Full, Daemon: true, Ours: true, Do: (*Server).readAuditLog,
		Params: []Param{{Name: "lines", Type: "int", Help: "the number of lines, at most 1000"}},
		Help:   "Return the last lines of the audit log, the oldest first, also of rotated files that are not compressed.",
		Result: "array the lines, each an object in JSON"},
	{Name: "supervisor.reopenLog", Role: access.Full, Daemon: true, Ours: true, Do: (*Server).reopenLog,
		Help: "Open the main log again, after it was moved away.", Result: "boolean always true"},
	{Name: "supervisor.reopenProcessLogs", Role: access.Control, Ours: true, Do: (*Server).reopenProcessLogs, Params: []Param{specParam},
		Help: "Open both logs of a process again, after they were moved away.", Result: statusArray},
	{Name: "supervisor.reopenAllProcessLogs", Role: access.Control, Ours: true, Do: (*Server).reopenAllProcessLogs,
		Help: "Open the logs of all processes again, after they were moved away.", Result: statusArray},
	{Name: "supervisor.searchProcessStdoutLog", Role: access.Read, Ours: true, Do: (*Server).searchProcessStdoutLog,
		Params: []Param{nameParam, searchOptions},
		Help:   "Find records of the stdout log of a process by their times, in rotated and compressed files, too.", Result: searchResult},
	{Name: "supervisor.searchProcessStderrLog", Role: access.Read, Ours: true, Do: (*Server).searchProcessStderrLog,
		Params: []Param{nameParam, searchOptions},
		Help:   "Find records of the stderr log of a process by their times, in rotated and compressed files, too.", Result: searchResult},
	{Name: "supervisor.runChecks", Role: access.Control, Ours: true, Waits: true, Do: (*Server).runChecks, Params: []Param{nameParam},
		Help:   "Run the health checks of a process now, once. The results change nothing.",
		Result: "array a struct for each check: check, ok, text, ms"},
	{Name: "supervisor.expandName", Role: access.Read, Ours: true, Do: (*Server).expandName,
		Params: []Param{{Name: "name", Type: "string", Help: "a group, group:process, group:*, or a program"}},
		Help:   "Return the processes that a name means, in the order in which they start.",
		Result: "array the name of each process as group:process"},
	{Name: "supervisor.getDependencies", Role: access.Read, Ours: true, Do: (*Server).getDependencies, Params: []Param{nameParam},
		Help:   "Return what a process depends on.",
		Result: "array a struct for each dependency: name, condition, optional, met, text (the states of its processes)"},
	{Name: "supervisor.enableProcess", Role: access.Full, Ours: true, Waits: true, Do: (*Server).enableProcess, Params: []Param{specParam},
		Help:   "Have a disabled process started as configured again. It is not started now. Return when that is on disk.",
		Result: "boolean always true"},
	{Name: "supervisor.disableProcess", Role: access.Full, Ours: true, Waits: true, Do: (*Server).disableProcess,
		Params: []Param{specParam, {Name: "stop", Type: "boolean", Help: "stop it, too, and return when it has stopped", Optional: true, Off: true}},
		Help:   "Have a process not started any more by itself, nor with others, also after a restart if statefile is set. Return when that is on disk.",
		Result: "boolean always true"},
	{Name: "supervisor.scaleProgram", Role: access.Full, Daemon: true, Ours: true, Do: (*Server).scaleProgram,
		Params: []Param{{Name: "name", Type: "string", Help: "a program"}, {Name: "numprocs", Type: "int", Help: "the number of processes, from 0 to 10000"},
			{Name: "wait", Type: "boolean", Help: "return when new processes are RUNNING and others have stopped and are removed", Optional: true},
			{Name: "start", Type: "boolean", Help: "start the new processes, if autostart is set or a process of the program runs", Optional: true}},
		Help: "Change the number of processes of a program.",
		Result: "array a struct for each process that was added or removed: name, group, status, description: started, added, stopped or removed, " +
			"or the fault"},
	{Name: "supervisor.planConfig", Role: access.Read, Daemon: true, Ours: true, Do: (*Server).planConfig, Params: []Param{updateOptions},
		Help:   "Read the configuration and return what updateConfig would do. Nothing changes, not even what addProcessGroup knows.",
		Result: "array a struct for each action"},
	{Name: "supervisor.updateConfig", Role: access.Full, Daemon: true, Ours: true, Waits: true, Do: (*Server).updateConfig,
		Params: []Param{{Name: "names", Type: "array", Help: "the groups; none: all", Optional: true}, updateOptions},
		Help: "Read the configuration and change the active groups to it: first what is removed, then what changes, then what is added. " +
			"An error in the files changes nothing.",
		Result: "array a struct for each action, with its status"},
	{Name: "supervisor.upgrade", Role: access.Full, Daemon: true, Ours: true, Waits: true, Do: (*Server).upgrade,
		Params: []Param{{Name: "dry_run", Type: "boolean", Help: "find out only whether that is possible", Optional: true, Off: true}},
		Help:   "Execute the supervisord that is installed now in place of the running one. Programs and clients notice nothing.",
		Result: "struct from and to, the versions, and note, which may be empty"},
	{Name: "system.listMethods", Role: access.Read, Do: (*Server).listMethods,
		Help: "Return the names of all methods.", Result: "array the names"},
	{Name: "system.methodHelp", Role: access.Read, Do: (*Server).methodHelp,
		Params: []Param{{Name: "name", Type: "string", Help: "the name of a method"}},
		Help:   "Return the help text of a method.", Result: "string the help text"},
	{Name: "system.methodSignature", Role: access.Read, Do: (*Server).methodSignature,
		Params: []Param{{Name: "name", Type: "string", Help: "the name of a method"}},
		Help:   "Return the types of a method.", Result: "array the type of the result, then those of the parameters"},
	{Name: "system.multicall", Role: access.Read, Write: (*Server).multicall,
		Params: []Param{{Name: "calls", Type: "array", Help: "a struct for each call, with methodName and params"}},
		Help:   "Call several methods, one after the other.", Result: "array a result or a fault for each"},
}

// aliases are older names of methods, which the original keeps for compatibility.
var aliases = map[string]string{
	"supervisor.getVersion":      "supervisor.getAPIVersion",
	"supervisor.readMainLog":     "supervisor.readLog",
	"supervisor.readProcessLog":  "supervisor.readProcessStdoutLog",
	"supervisor.tailProcessLog":  "supervisor.tailProcessStdoutLog",
	"supervisor.clearProcessLog": "supervisor.clearProcessLogs",
}

// mainMethods and systemMethods are the built-in methods, with aliases, by their names without the namespace. init fills them
// because the methods of system refer to the table.
var mainMethods, systemMethods map[string]*Method

func init() {
	mainMethods, systemMethods = make(map[string]*Method, len(table)+len(aliases)), map[string]*Method{}
	for i := range table {
		table[i].Waits = table[i].Waits || slices.ContainsFunc(table[i].Params, func(p Param) bool { return p.Name == "wait" })
		if name, ok := strings.CutPrefix(table[i].Name, "system."); ok {
			systemMethods[name] = &table[i]
		} else {
			mainMethods[strings.TrimPrefix(table[i].Name, "supervisor.")] = &table[i]
		}
	}
	for alias, name := range aliases {
		mainMethods[strings.TrimPrefix(alias, "supervisor.")] = mainMethods[strings.TrimPrefix(name, "supervisor.")]
	}
}

// Check refuses keys that an interface does not have; the original cannot make the interface then.
func Check(interfaces []config.Interface) error {
	for _, i := range interfaces {
		for _, key := range i.Keys {
			if i.Factory != config.Twiddler || key != "whitelist" {
				return fmt.Errorf("Could not make %s rpc interface", i.Name) //lint:ignore ST1005 the original's words
			}
		}
	}
	return nil
}

// offered returns the methods of these interfaces and of system by their full names.
func offered(interfaces []config.Interface) map[string]*Method {
	all := make(map[string]*Method, len(mainMethods)+len(systemMethods))
	offer := func(namespace string, methods map[string]*Method) {
		for name, m := range methods {
			all[namespace+"."+name] = m
		}
	}
	for _, i := range interfaces {
		switch i.Factory {
		case config.MainInterface:
			offer(i.Name, mainMethods)
		case config.Twiddler:
			offer(i.Name, twiddlerMethods(i.Options["whitelist"]))
		}
	}
	offer("system", systemMethods)
	return all
}
