package config

import (
	"fmt"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// handlerProcess returns the process of result_handler_exec, nil if the section does not have the key. It is a process of the pool
// with the keys of the first listener, but runs another command, is always restarted, and writes standard error to a log of its
// own.
func (r *reader) handlerProcess(k *sectionReader, listeners []*Process) *Process {
	command := handlerKey.value(k, "")
	if command == "" || len(listeners) == 0 {
		return nil
	}
	program := *listeners[0].Program
	program.HandlesResults, program.Exit.Restart = true, RestartAlways
	p := *listeners[0]
	p.Program, p.ProcessName, p.Run.Command = &program, k.group+"_result_handler", command
	p.Out = Channel{}
	p.Err.Log.Kind, p.Err.Log.Path, p.Err.Log.Syslog = LogAuto, "", false
	for _, l := range listeners {
		if l.ProcessName == p.ProcessName {
			k.failf("result_handler_exec", "[%s] has a process named %s, which is the name of its result handler",
				k.s.Name, l.ProcessName)
		}
	}
	return &p
}

// parseHandlerTimeout reads the seconds that a result handler has for an answer.
func parseHandlerTimeout(s string) (int, error) {
	secs, err := parseInteger(s)
	if err == nil && secs < 1 {
		err = fmt.Errorf("result_handler_timeout must be at least 1, not %s", pyrepr.TrimSpace(s))
	}
	return secs, err
}
