// Supervisor-fleet is the program of a fleet for hosts and operators. `supervisor-fleet agent` is the agent of a host, an event
// listener of any supervisord. Called as supervisorctl-fleet it is the command `supervisorctl fleet`.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/agent"
	"github.com/gosupervisor/supervisor/internal/fleet/ctl"
	"github.com/gosupervisor/supervisor/internal/fleet/workdir"
	"github.com/gosupervisor/supervisor/internal/quit"
	"github.com/gosupervisor/supervisor/internal/timezone"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// Exit statuses.
const (
	failed   = 1
	badUsage = 2
	taken    = 3 // another agent has the name or the spool
)

const usage = `usage: supervisor-fleet agent [-c FILE] [-t]

The agent of a fleet on this host: an event listener of supervisord. Called as
supervisorctl-fleet, this program is the command supervisorctl fleet.

`

func main() {
	quit.Default()
	timezone.Set()
	if filepath.Base(os.Args[0]) == "supervisorctl-fleet" {
		os.Exit(ctl.Main(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	flags := pflag.NewFlagSet("supervisor-fleet", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	file := flags.StringP("configuration", "c", fleet.DefaultFile, "read this `file`")
	test := flags.BoolP("test", "t", false, "check the file, and run nothing")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		fmt.Print(usage, flags.FlagUsages())
		return 0
	case err != nil:
	case flags.NArg() != 1:
		err = errors.New("there must be one command")
	case flags.Arg(0) != "agent":
		err = fmt.Errorf("there is no command %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "supervisor-fleet: %v\n%s", err, usage)
		return badUsage
	}
	config, err := read(*file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR", err)
		return badUsage
	}
	if *test {
		fmt.Printf("%s: no errors\n", *file)
		return 0
	}
	return listen(config.Agent)
}

// read reads and checks the configuration of an agent.
func read(file string) (*fleet.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	config, err := fleet.Parse(file, string(text))
	if err != nil {
		return nil, err
	}
	return config, config.Agent.Check()
}

// listen runs the agent until supervisord stops it.
func listen(config fleet.Agent) int {
	logger := log.New(os.Stderr, "", log.LstdFlags)
	supervisor, err := supervisord(config)
	if err != nil {
		logger.Println("ERROR", err)
		return badUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	err = agent.Run(ctx, agent.Options{
		Config: config, Supervisor: supervisor, In: os.Stdin, Out: os.Stdout, Log: logger, Machine: machine(), Daemon: agent.DaemonRun(),
	})
	var name *agent.TakenError
	var spool *workdir.TakenError
	switch {
	case errors.As(err, &name), errors.As(err, &spool):
		logger.Println("ERROR", err)
		return taken
	case err != nil:
		logger.Println("ERROR", err)
		return failed
	}
	return 0
}

// supervisord returns a client of the supervisord of this host.
func supervisord(config fleet.Agent) (*client.Client, error) {
	url := config.ServerURL
	if url == "" {
		url = os.Getenv("SUPERVISOR_SERVER_URL")
	}
	if url == "" {
		return nil, errors.New("section [fleet] does not specify a server_url, and supervisord, which has no server, did not either")
	}
	password := ""
	if config.ServerPasswordFile != "" {
		text, err := os.ReadFile(config.ServerPasswordFile)
		if err != nil {
			return nil, err
		}
		password = strings.TrimRight(string(text), "\r\n")
	}
	return client.New(url, config.ServerUser, password)
}

// machine returns the id of this machine.
func machine() string {
	for _, file := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid"} {
		if id, err := os.ReadFile(file); err == nil && len(bytes.TrimSpace(id)) > 0 {
			return string(bytes.TrimSpace(id))
		}
	}
	return "unknown"
}
