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
	programs int
	args     []string // of the child, behind the FIFO
	extra    []string // further lines of [program:p], if there is one, and further sections
	daemon   []string // further lines of [supervisord]
	// apart gives each program a section of its own, with these lines; nil: programs is numprocs of [program:p].
	apart func(n int) []string

	command   []string // of each, known to launch
	listeners int      // processes among the sections of extra
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
	}
	lines = append(lines, load.daemon...)
	lines = append(lines,
		"[unix_http_server]",
		"file="+socket,
		"[rpcinterface:supervisor]",
		"supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
		"[supervisorctl]",
		"serverurl=unix://"+socket)
	if load.apart == nil {
		lines = append(lines, load.section("p", filepath.Join(dir, logFolder, "p-%(process_num)d.log"))...)
		lines = append(lines, fmt.Sprintf("numprocs=%d", load.programs), "process_name=%(program_name)s-%(process_num)d")
		return strings.Join(append(lines, load.extra...), "\n") + "\n"
	}
	for n := range load.programs {
		lines = append(lines, load.section(section(n), filepath.Join(dir, logFolder, "%(program_name)s.log"))...)
		lines = append(lines, load.apart(n)...)
	}
	return strings.Join(append(lines, load.extra...), "\n") + "\n"
}

// section returns what all sections of programs have in common.
func (l load) section(name, log string) []string {
	return []string{"[program:" + name + "]", "command=" + strings.Join(l.command, " "), "redirect_stderr=true", "stdout_logfile=" + log}
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
