package rpc

import (
	"fmt"
	"strings"

	"github.com/gosupervisor/supervisor/internal/config"
)

var (
	nameParam   = Param{Name: "name", Type: "string", Help: "a process: NAME or GROUP:NAME"}
	specParam   = Param{Name: "name", Type: "string", Help: "a process, NAME or GROUP:NAME, or a group, GROUP:*"}
	groupParam  = Param{Name: "name", Type: "string", Help: "a group"}
	signalParam = Param{Name: "signal", Type: "signal", Help: "a signal by name, with or without SIG, or by number"}
	offsetParam = Param{Name: "offset", Type: "int", Help: "where to begin, in bytes; negative: that many before the end"}
	lengthParam = Param{Name: "length", Type: "int", Help: "how many bytes; 0: all to the end"}
	tailParams  = []Param{nameParam,
		{Name: "offset", Type: "int", Help: "the offset that the last call returned"},
		{Name: "length", Type: "int", Help: "how many bytes at the most"}}
	startWait = Param{Name: "wait", Type: "boolean", Help: "answer when it runs, not when it was started", Optional: true}
	stopWait  = Param{Name: "wait", Type: "boolean", Help: "answer when it has stopped, not when told to", Optional: true}
)

const statuses = "array a struct for each process: name, group, status, description"

// table is every method there is, but for the aliases.
var table = []Method{
	{Name: "supervisor.getAPIVersion", Do: (*Server).getAPIVersion,
		Help: "Tell the version of this interface.", Result: "string the version"},
	{Name: "supervisor.getSupervisorVersion", Do: (*Server).getSupervisorVersion,
		Help: "Tell the version of supervisord.", Result: "string the version"},
	{Name: "supervisor.getIdentification", Do: (*Server).getIdentification,
		Help: "Tell the name that supervisord goes by.", Result: "string the identifier"},
	{Name: "supervisor.getState", Do: (*Server).getState,
		Help: "Tell the state of supervisord itself.", Result: "struct statecode and statename"},
	{Name: "supervisor.getPID", Do: (*Server).getPID,
		Help: "Tell the process id of supervisord.", Result: "int the process id"},
	{Name: "supervisor.readLog", Do: (*Server).readLog, Params: []Param{offsetParam, lengthParam},
		Help: "Read a part of the main log.", Result: "string the bytes"},
	{Name: "supervisor.clearLog", Do: (*Server).clearLog,
		Help: "Empty the main log.", Result: "boolean always true"},
	{Name: "supervisor.shutdown", Do: (*Server).shutdown,
		Help: "Stop everything, then supervisord.", Result: "boolean always true"},
	{Name: "supervisor.restart", Do: (*Server).restart,
		Help: "Stop everything, read the configuration again and start again.", Result: "boolean always true"},
	{Name: "supervisor.reloadConfig", Do: (*Server).reloadConfig,
		Help:   "Read the configuration again and tell how it differs from what is active. Nothing that runs changes.",
		Result: "array one array of three: the groups added, changed and removed"},
	{Name: "supervisor.addProcessGroup", Do: (*Server).addProcessGroup, Params: []Param{groupParam},
		Help: "Make a group of the configuration active.", Result: "boolean always true"},
	{Name: "supervisor.removeProcessGroup", Do: (*Server).removeProcessGroup, Params: []Param{groupParam},
		Help: "Take a stopped group out.", Result: "boolean always true"},
	{Name: "supervisor.startProcess", Do: (*Server).startProcess, Params: []Param{specParam, startWait},
		Help: "Start a process.", Result: "boolean always true"},
	{Name: "supervisor.startProcessGroup", Do: (*Server).startProcessGroup, Params: []Param{groupParam, startWait},
		Help: "Start all processes of a group that do not run.", Result: statuses},
	{Name: "supervisor.startAllProcesses", Do: (*Server).startAllProcesses, Params: []Param{startWait},
		Help: "Start all processes that do not run.", Result: statuses},
	{Name: "supervisor.stopProcess", Do: (*Server).stopProcess, Params: []Param{specParam, stopWait},
		Help: "Stop a process.", Result: "boolean always true"},
	{Name: "supervisor.stopProcessGroup", Do: (*Server).stopProcessGroup, Params: []Param{groupParam, stopWait},
		Help: "Stop all processes of a group that run.", Result: statuses},
	{Name: "supervisor.stopAllProcesses", Do: (*Server).stopAllProcesses, Params: []Param{stopWait},
		Help: "Stop all processes that run.", Result: statuses},
	{Name: "supervisor.signalProcess", Do: (*Server).signalProcess, Params: []Param{specParam, signalParam},
		Help: "Send a signal to a process.", Result: "boolean always true"},
	{Name: "supervisor.signalProcessGroup", Do: (*Server).signalProcessGroup, Params: []Param{groupParam, signalParam},
		Help: "Send a signal to all processes of a group that run.", Result: statuses},
	{Name: "supervisor.signalAllProcesses", Do: (*Server).signalAllProcesses, Params: []Param{signalParam},
		Help: "Send a signal to all processes that run.", Result: statuses},
	{Name: "supervisor.sendProcessStdin", Do: (*Server).sendProcessStdin,
		Params: []Param{nameParam, {Name: "chars", Type: "string", Help: "what to send"}},
		Help:   "Send text to the standard input of a process.", Result: "boolean always true"},
	{Name: "supervisor.sendRemoteCommEvent", Do: (*Server).sendRemoteCommEvent,
		Params: []Param{{Name: "type", Type: "string", Help: "what listeners tell it by"},
			{Name: "data", Type: "string", Help: "what they get"}},
		Help: "Make an event for the listeners of REMOTE_COMMUNICATION.", Result: "boolean always true"},
	{Name: "supervisor.getProcessInfo", Do: (*Server).getProcessInfo, Params: []Param{nameParam},
		Help: "Tell about a process.", Result: "struct what is known about it"},
	{Name: "supervisor.getAllProcessInfo", Do: (*Server).getAllProcessInfo, Shared: true,
		Help: "Tell about all processes.", Result: "array a struct for each, as getProcessInfo returns it"},
	{Name: "supervisor.getAllConfigInfo", Do: (*Server).getAllConfigInfo,
		Help: "Tell about all processes of the configuration as it was read last.", Result: "array a struct for each"},
	{Name: "supervisor.readProcessStdoutLog", Do: (*Server).readProcessStdoutLog,
		Params: []Param{nameParam, offsetParam, lengthParam},
		Help:   "Read a part of the stdout log of a process.", Result: "string the bytes"},
	{Name: "supervisor.readProcessStderrLog", Do: (*Server).readProcessStderrLog,
		Params: []Param{nameParam, offsetParam, lengthParam},
		Help:   "Read a part of the stderr log of a process.", Result: "string the bytes"},
	{Name: "supervisor.tailProcessStdoutLog", Do: (*Server).tailProcessStdoutLog, Params: tailParams,
		Help: "Read the end of the stdout log of a process.", Result: "array the bytes, the next offset, overflow"},
	{Name: "supervisor.tailProcessStderrLog", Do: (*Server).tailProcessStderrLog, Params: tailParams,
		Help: "Read the end of the stderr log of a process.", Result: "array the bytes, the next offset, overflow"},
	{Name: "supervisor.clearProcessLogs", Do: (*Server).clearProcessLogs, Params: []Param{nameParam},
		Help: "Empty both logs of a process.", Result: "boolean always true"},
	{Name: "supervisor.clearAllProcessLogs", Do: (*Server).clearAllProcessLogs,
		Help: "Empty the logs of all processes.", Result: statuses},
	{Name: "system.listMethods", Do: (*Server).listMethods,
		Help: "Tell the names of all methods.", Result: "array the names"},
	{Name: "system.methodHelp", Do: (*Server).methodHelp,
		Params: []Param{{Name: "name", Type: "string", Help: "a method"}},
		Help:   "Tell what a method does.", Result: "string this kind of text"},
	{Name: "system.methodSignature", Do: (*Server).methodSignature,
		Params: []Param{{Name: "name", Type: "string", Help: "a method"}},
		Help:   "Tell the types of a method.", Result: "array the type of the result, then those of the parameters"},
	{Name: "system.multicall", Do: (*Server).multicall,
		Params: []Param{{Name: "calls", Type: "array", Help: "a struct for each call: methodName, params"}},
		Help:   "Call several methods, one after the other.", Result: "array a result or a fault for each"},
}

// aliases are the names that older clients use.
var aliases = map[string]string{
	"supervisor.getVersion":      "supervisor.getAPIVersion",
	"supervisor.readMainLog":     "supervisor.readLog",
	"supervisor.readProcessLog":  "supervisor.readProcessStdoutLog",
	"supervisor.tailProcessLog":  "supervisor.tailProcessStdoutLog",
	"supervisor.clearProcessLog": "supervisor.clearProcessLogs",
}

// mainMethods and systemMethods are the methods that are built in by what stands behind the dot, aliases included. They are filled by
// init because the methods of system look into the table.
var mainMethods, systemMethods map[string]*Method

func init() {
	mainMethods, systemMethods = map[string]*Method{}, map[string]*Method{}
	for i := range table {
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

// Check looks for keys that an interface does not know; the original cannot make it with them.
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

// offered are the methods of these interfaces and of system.
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
