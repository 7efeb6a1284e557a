// Supervisor-fleet is the program of a fleet for hosts and operators. `supervisor-fleet agent` is the agent of a host, an event
// listener of any supervisord. Called as supervisorctl-fleet it is the command `supervisorctl fleet`.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	"github.com/gosupervisor/supervisor/internal/fleet/identity"
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
       supervisor-fleet join [-c FILE] [--host NAME] [--ca-file FILE] HUB TOKEN

agent is an event listener of supervisord: the agent of a fleet on this host.
join gets the host's credentials from a hub. Called as supervisorctl-fleet, this
program is the command supervisorctl fleet.

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
	var j joining
	flags.StringVar(&j.host, "host", "", "the `name` of this host in the fleet, for join")
	flags.StringVar(&j.caFile, "ca-file", "", "certificates of the authorities of the hub, for join; a `file`")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		fmt.Print(usage, flags.FlagUsages())
		return 0
	case err != nil:
	case flags.Arg(0) == "join" && flags.NArg() == 3:
		j.file, j.hub, j.token = *file, flags.Arg(1), flags.Arg(2)
		return j.run()
	case flags.Arg(0) == "join":
		err = errors.New("join needs the address of a hub and a token")
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
	credentials, err := proof(&config.Agent)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR", err)
		return badUsage
	}
	if *test {
		fmt.Printf("%s: no errors\n", *file)
		return 0
	}
	return listen(config.Agent, credentials)
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

// proof returns the credentials of the host, if it has any, and gives it the name in them.
func proof(config *fleet.Agent) ([]byte, error) {
	path := cmp.Or(config.Credentials, fleet.DefaultCredentials)
	text, name, err := identity.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && config.Credentials == "":
		return nil, nil
	case err != nil:
		return nil, err
	case config.Host != "" && config.Host != name:
		return nil, fmt.Errorf("credentials %s are of host %s, and section [fleet] says host=%s", path, name, config.Host)
	}
	config.Host = name
	return text, nil
}

// listen runs the agent until supervisord stops it.
func listen(config fleet.Agent, credentials []byte) int {
	logger := log.New(os.Stderr, "", log.LstdFlags)
	supervisor, err := supervisord(config)
	if err != nil {
		logger.Println("ERROR", err)
		return badUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	err = agent.Run(ctx, agent.Options{
		Config: config, Credentials: credentials, Supervisor: supervisor, In: os.Stdin, Out: os.Stdout, Log: logger, Machine: machine(), Daemon: agent.DaemonRun(),
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
