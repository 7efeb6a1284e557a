// Supervisord starts, watches, restarts and logs processes. This file is its command line and its exit statuses: 0 after a
// shutdown, or that of a process with exit_on; 2 if it cannot start, with the reason on standard error.
package main

import (
	"crypto/rand"
	"encoding/hex"
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
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/httpd"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/parentthread"
	"github.com/gosupervisor/supervisor/internal/socket"
	"github.com/gosupervisor/supervisor/internal/statefile"
	"github.com/gosupervisor/supervisor/internal/timezone"
	"github.com/gosupervisor/supervisor/internal/upgrade/early"
)

func main() { parentthread.Main(program) }

// program is all of main but for the thread that some children need.
func program() {
	timezone.Set()
	debug.SetGCPercent(gcPercent)
	status, taken := takeRole()
	if !taken {
		status = run(os.Args)
	}
	logs.EndKeeping(flushTimeout)
	logs.Flush(flushTimeout)
	os.Exit(status)
}

// gcPercent is half of the usual value: the heap of the daemon is small and long-lived, so that collecting it twice as often costs little
// and halves the idle memory.
const gcPercent = 50

// flushTimeout is how long the program waits at its end for the reader of a log that is a pipe or a terminal.
const flushTimeout = 2 * time.Second

// notifyLimit is how long a service manager may take to read what it is notified of, before an upgrade and at the end.
const notifyLimit = time.Second

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
	cfg, err := config.Load(opts, os.Environ())
	named(cfg)
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
	d := newSupervisord(opts, child.ByName(args[0]), time.Now())
	d.file = file
	launcher := 0
	if daemon.Detached() {
		launcher = os.Getppid()
	}
	d.sockets = socket.NewSet(socket.Inherited(launcher))
	return d.runs(cfg, 0)
}

// newSupervisord returns a supervisord that has not begun. Program is its own path. One that takes over catches signals already.
func newSupervisord(opts config.Options, program string, started time.Time) *supervisord {
	root := os.Geteuid() == 0
	d := &supervisord{
		opts:    opts,
		exposed: func(cfg *config.Config) []string { return cfg.Exposed(opts, os.Environ(), root) },
		show: func(s *config.Scaling) (*config.Config, []api.ConfigSection, error) {
			cfg, sections, err := config.LoadShown(scaled(opts, s), os.Environ())
			return named(cfg), sections, err
		},
		read: func(s *config.Scaling) (*config.Config, error) {
			cfg, err := config.Load(scaled(opts, s), os.Environ())
			return named(cfg), err
		},
		kept:    statefile.New(),
		program: program, started: started, signals: make(chan os.Signal, early.Room), chld: make(chan os.Signal, 1),
		start: child.IsolatedStarter(), manager: daemon.NewNotifier(), sockets: new(socket.Set),
		history: history.New(newLife(), 0),
	}
	if early.Signals != nil {
		d.signals = early.Signals
	}
	d.notifySignals()
	signal.Notify(d.chld, syscall.SIGCHLD)
	return d
}

// newLife returns a random id.
func newLife() string {
	b := make([]byte, 4)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// named adds the names in the certificates of servers to a configuration that was just read.
func named(cfg *config.Config) *config.Config {
	if cfg != nil {
		httpd.NameServers(cfg.Servers)
	}
	return cfg
}

// scaled are the options for a reading with numbers of processes.
func scaled(opts config.Options, s *config.Scaling) config.Options {
	opts.Scaling = s
	return opts
}

func (d *supervisord) notifySignals() {
	signal.Notify(d.signals, early.Caught...)
}

// runs runs the loop with a configuration, and with those of restarts, until a shutdown. Without a configuration there was one, with a
// status.
func (d *supervisord) runs(cfg *config.Config, status int) int {
	defer d.manager.Flush(notifyLimit)
	for cfg != nil {
		var err error
		if cfg, status, err = d.run(cfg); err != nil {
			d.servers.Close()
			d.sockets.Settle(nil)
			return fail(d.opts, err)
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
