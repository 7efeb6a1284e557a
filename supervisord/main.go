// Supervisord starts, watches, restarts and logs processes. This file is its command line and its exit statuses: 0 after a
// shutdown, or that of a process with exit_on; 2 if it cannot start, with the reason on standard error.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/daemon"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/timezone"
)

func main() {
	timezone.Set()
	// The heap of the daemon is small and long-lived: collecting it twice as often as usual costs little and halves the idle
	// memory.
	debug.SetGCPercent(50)
	status := run(os.Args)
	logs.Flush(flushTimeout)
	os.Exit(status)
}

// flushTimeout is how long the program waits at its end for the reader of a log that is a pipe or a terminal.
const flushTimeout = 2 * time.Second

func run(args []string) (status int) {
	opts, err := config.ParseArgs(args[0], args[1:])
	switch {
	case err != nil:
		return fail(opts, err)
	case opts.Help:
		return printText(config.Usage(opts.Argv0))
	case opts.Version:
		return printText(api.Version + "\n")
	case opts.Check:
		return check(opts)
	}
	if opts.SearchWarning != "" && !daemon.Detached() {
		fmt.Fprintln(os.Stderr, opts.SearchWarning)
	}
	daemon.CloseOnExecInherited()
	daemon.DefaultSignals()
	read := func() (*config.Config, error) { return config.Load(opts, os.Environ()) }
	cfg, err := read()
	if err != nil {
		return fail(opts, err)
	}
	if !cfg.Supervisord.NoDaemon && !daemon.Detached() {
		status, err := daemon.Detach()
		if err != nil {
			return fail(opts, err)
		}
		return status
	}
	file, err := filepath.Abs(cfg.Path)
	if err != nil {
		file = cfg.Path
	}
	root := os.Geteuid() == 0
	d := &supervisord{
		exposed: func(cfg *config.Config) []string { return cfg.Exposed(opts, os.Environ(), root) },
		show:    func() (*config.Config, []api.ConfigSection, error) { return config.LoadShown(opts, os.Environ()) },
		file:    file, started: time.Now(), read: read, signals: make(chan os.Signal, 64), chld: make(chan os.Signal, 1),
		start: child.IsolatedStarter(), manager: daemon.NewNotifier(),
	}
	signal.Notify(d.signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR2)
	signal.Notify(d.chld, syscall.SIGCHLD)
	for cfg != nil {
		if cfg, status, err = d.run(cfg); err != nil {
			d.servers.Close()
			return fail(opts, err)
		}
	}
	return status
}

// fail prints why supervisord cannot start, or cannot start again.
func fail(opts config.Options, err error) (status int) {
	config.PrintUsageError(os.Stderr, opts.Argv0, err)
	return 2
}

// printText writes to standard output, and returns the exit status.
func printText(text string) (status int) {
	if _, err := os.Stdout.WriteString(text); err != nil {
		fmt.Fprintf(os.Stderr, "Error: cannot write the output: %v\n", err)
		return 1
	}
	return 0
}
