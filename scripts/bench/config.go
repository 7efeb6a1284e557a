package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The files in the directory of a run.
const (
	configName = "supervisord.conf"
	socketName = "s.sock"
	fifoName   = "reports"
	logFolder  = "log"
	stderrName = "stderr"
	mainLog    = "supervisord.log"
)

// load is what a contender supervises.
type load struct {
	programs int      // numprocs
	command  []string // of each
	extra    []string // further lines of [program:p], and further sections

	listeners int // processes among these sections
}

// configText returns the configuration of a run. Each process has one log for both channels, the most common setting.
func configText(dir string, load load) string {
	socket := filepath.Join(dir, socketName)
	lines := []string{
		"[supervisord]",
		"logfile=" + filepath.Join(dir, mainLog),
		"pidfile=" + filepath.Join(dir, "supervisord.pid"),
		"childlogdir=" + dir,
		"nodaemon=true",
		"silent=true",
		fmt.Sprintf("minfds=%d", minfds(load.programs)),
		"[unix_http_server]",
		"file=" + socket,
		"[rpcinterface:supervisor]",
		"supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
		"[supervisorctl]",
		"serverurl=unix://" + socket,
		"[program:p]",
		"command=" + strings.Join(load.command, " "),
		fmt.Sprintf("numprocs=%d", load.programs),
		"process_name=%(program_name)s-%(process_num)d",
		"redirect_stderr=true",
		"stdout_logfile=" + filepath.Join(dir, logFolder, "p-%(process_num)d.log"),
	}
	return strings.Join(append(lines, load.extra...), "\n") + "\n"
}

// minfds returns a generous number of descriptors for so many programs, each with two pipes and a log, and for clients. It does not
// exceed the limit.
func minfds(programs int) int {
	need := 4*programs + 2000
	if most := openFiles(); need > most && 3*programs+200 <= most {
		return most
	}
	return need
}

// writeConfig prepares the directory of a run.
func (c contender) writeConfig(dir string, load load) error {
	if err := os.MkdirAll(filepath.Join(dir, logFolder), 0o700); err != nil {
		return err
	}
	if c.peer != nil {
		return c.writeServices(dir, load)
	}
	return os.WriteFile(filepath.Join(dir, configName), []byte(configText(dir, load)), 0o600)
}
