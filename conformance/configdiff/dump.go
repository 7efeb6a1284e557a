package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"syscall"
)

// dumpArgument makes this program a child that reports its arguments, environment and so on.
const dumpArgument = "-dump"

// childReport is the environment in which a child runs.
type childReport struct {
	Name  string            `json:"name"`
	Args  []string          `json:"args"`
	Dir   string            `json:"dir"`
	Umask int               `json:"umask"`
	UID   int               `json:"uid"`
	Env   map[string]string `json:"env"`
}

// dump sends a report about this process to the Unix socket at path and returns the exit status.
func dump(path string, args []string) int {
	umask := syscall.Umask(0)
	dir, err := os.Getwd()
	if err != nil {
		dir = err.Error()
	}
	s := childReport{Name: os.Getenv("SUPERVISOR_GROUP_NAME") + ":" + os.Getenv("SUPERVISOR_PROCESS_NAME"), Args: args, Dir: dir,
		Umask: umask, UID: os.Getuid(), Env: map[string]string{}}
	for _, entry := range os.Environ() {
		for i := 1; i < len(entry); i++ {
			if entry[i] == '=' {
				s.Env[entry[:i]] = entry[i+1:]
				break
			}
		}
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
