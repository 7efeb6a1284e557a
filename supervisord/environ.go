package main

import (
	"os"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/daemon"
)

// managerVariables are what a service manager passes to supervisord alone. Children have no such sockets and watchdogs.
var managerVariables = []string{daemon.NotifySocket, "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID",
	"SUPERVISOR_READY_FD"}

// environ is what programs inherit according to a reading of the configuration, while the servers are those of another.
func environ(read, running *config.Config) []string {
	return childEnviron(read.Supervisord.Environ(os.Environ()), slices.Concat(read.Withheld, running.Withheld))
}

// childEnviron is what children inherit of our environment: not what is for supervisord alone, and not the variables from
// which passwords of the servers come, with which any program could do what supervisord can.
func childEnviron(environ, withheld []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(managerVariables, name) || slices.Contains(withheld, name)
	})
}

// listenerEnv has those withheld variables from which event listeners take the credentials for their calls.
// Source: supervisor.childutils.getRPCInterface.
func listenerEnv(environ, withheld []string) map[string]string {
	env := map[string]string{}
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		if (name == "SUPERVISOR_USERNAME" || name == "SUPERVISOR_PASSWORD") && slices.Contains(withheld, name) {
			env[name] = text
		}
	}
	return env
}
