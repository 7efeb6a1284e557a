// Package ctl is the command `supervisorctl fleet`: it asks a hub for hosts, processes and events, and prints them. It asks no host
// directly, and stores nothing. Each function is for one goroutine.
package ctl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/identity"
)

// Exit statuses.
const (
	failed   = 1
	badUsage = 2
	unwell   = 3 // a host is lost, or a process is not well
	nothing  = 4 // no hub, no host, no process
)

// command is a row of the table of commands.
type command struct {
	name, args, help string
	flags            func(*pflag.FlagSet, *options)
	run              func(context.Context, *session) (status int, err error)
}

var table = []command{
	{"status", "[NAME]...", "hosts; with --programs, --state or names, their processes", statusFlags, status},
	{"events", "[NAME]...", "what has happened, in the order in which the hub got it", eventsFlags, events},
	{"forget", "HOST", "a host that will not come back is not shown any more", noFlags, forget},
}

// options are the options of all commands.
type options struct {
	file     string
	hub      string
	creds    string
	on       string
	hosts    []string
	states   []string
	programs bool
	follow   bool
	json     bool
	since    string
}

// session is a command that runs.
type session struct {
	options
	selector fleet.Selector
	js       jetstream.JetStream
	hubs     string
	out      io.Writer
	now      time.Time
}

// statusError is an error with an exit status.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

// Main runs a command and returns its exit status.
func Main(args []string, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	status, err := run(ctx, args, out)
	var special *statusError
	switch {
	case err == nil || errors.Is(err, syscall.EPIPE):
		return status
	case errors.As(err, &special):
		status = special.status
	case status == 0:
		status = failed
	}
	fmt.Fprintln(errs, "ERROR:", err)
	return status
}

func run(ctx context.Context, args []string, out io.Writer) (int, error) {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(out, help())
		return 0, nil
	}
	c := find(args[0])
	if c == nil {
		return 0, &statusError{badUsage, fmt.Sprintf("there is no command %q, try supervisorctl fleet help", args[0])}
	}
	s := &session{out: out, now: time.Now()}
	flags := s.flags(c)
	err := flags.Parse(args[1:])
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintf(out, "usage: supervisorctl fleet %s [OPTION]... %s\n\n%s.\n\n%s", c.name, c.args, c.help, flags.FlagUsages())
		return 0, nil
	}
	if err == nil {
		err = s.choose(flags.Args())
	}
	if err != nil {
		return 0, &statusError{badUsage, err.Error()}
	}
	close, err := s.connect()
	if err != nil {
		return 0, err
	}
	defer close()
	return c.run(ctx, s)
}

func help() string {
	var b strings.Builder
	b.WriteString("usage: supervisorctl fleet COMMAND [OPTION]... [NAME]...\n\n")
	for _, c := range table {
		fmt.Fprintf(&b, "  %-8s %-10s %s\n", c.name, c.args, c.help)
	}
	b.WriteString("\nNames are patterns of processes: web, worker:*. `COMMAND -h` lists its options.\n")
	return b.String()
}

func find(name string) *command {
	for i := range table {
		if table[i].name == name {
			return &table[i]
		}
	}
	return nil
}

func (s *session) flags(c *command) *pflag.FlagSet {
	flags := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVarP(&s.file, "configuration", "c", fleet.DefaultFile, "read the address of the hub from this `file`")
	flags.StringVar(&s.hub, "hub", os.Getenv("SUPERVISOR_FLEET_HUB"), "the `address` of the hub (SUPERVISOR_FLEET_HUB)")
	flags.StringVar(&s.creds, "credentials", os.Getenv("SUPERVISOR_FLEET_CREDENTIALS"), "the `file` with your credentials (SUPERVISOR_FLEET_CREDENTIALS)")
	flags.StringVar(&s.on, "on", "", "hosts with these `labels`, role=web,dc!=ams")
	flags.StringArrayVar(&s.hosts, "host", nil, "hosts whose name matches this `pattern` (may be repeated)")
	c.flags(flags, &s.options)
	return flags
}

// choose sets the selector.
func (s *session) choose(names []string) (err error) {
	s.selector = fleet.Selector{Hosts: s.hosts, Names: names}
	if s.on != "" {
		if s.selector.Labels, err = fleet.ParseLabelTerms(s.on); err != nil {
			return err
		}
	}
	for _, name := range s.states {
		name = strings.ToUpper(name)
		if !isState(name) {
			return fmt.Errorf("there is no state %s", name)
		}
		s.selector.States = append(s.selector.States, name)
	}
	return nil
}

func isState(name string) bool {
	for _, state := range api.States {
		if state.String() == name {
			return true
		}
	}
	return false
}

// dialLimit is how long a hub may take to answer.
const dialLimit = 3 * time.Second

// connect connects to the hub.
func (s *session) connect() (closes func(), err error) {
	agent, err := s.address()
	if err != nil {
		return nil, &statusError{badUsage, err.Error()}
	}
	options := []nats.Option{nats.Name("supervisorctl fleet"), nats.Timeout(dialLimit), nats.NoReconnect(),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})}
	if agent.CAFile != "" {
		options = append(options, nats.RootCAs(agent.CAFile))
	}
	credentials, err := s.credentials(agent)
	if err != nil {
		return nil, &statusError{badUsage, err.Error()}
	}
	if len(credentials) > 0 {
		options = append(options, nats.UserCredentialBytes(credentials))
	}
	s.hubs = strings.Join(agent.Hubs, ",")
	conn, err := nats.Connect(s.hubs, options...)
	if err != nil {
		return nil, s.noHub(err)
	}
	s.js, err = jetstream.New(conn)
	return conn.Close, err
}

// noHub is the error that no hub answers.
func (s *session) noHub(err error) error {
	text := "no hub answers at " + s.hubs
	if !errors.Is(err, nats.ErrNoServers) && !errors.Is(err, syscall.ECONNREFUSED) {
		text += ": " + err.Error()
	}
	return &statusError{nothing, text}
}

// credentials returns the contents of the file of credentials: that of the command line, or that of the file, if there is one.
func (s *session) credentials(agent fleet.Agent) ([]byte, error) {
	path := cmp.Or(s.creds, agent.Credentials, fleet.DefaultCredentials)
	text, _, err := identity.Read(path)
	if errors.Is(err, fs.ErrNotExist) && path == fleet.DefaultCredentials {
		return nil, nil
	}
	return text, err
}

// address returns the section that has the address of the hub: that of the file, with the address of the command line if there is one.
func (s *session) address() (fleet.Agent, error) {
	config := fleet.Default()
	text, err := os.ReadFile(s.file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.hub != "":
	case errors.Is(err, fs.ErrNotExist):
		return config.Agent, fmt.Errorf("there is neither %s nor --hub nor SUPERVISOR_FLEET_HUB", s.file)
	case err != nil:
		return config.Agent, err
	default:
		if config, err = fleet.Parse(s.file, string(text)); err != nil {
			return fleet.Agent{}, err
		}
	}
	if s.hub != "" {
		if err := config.Agent.SetHubs(s.hub); err != nil {
			return config.Agent, err
		}
	}
	return config.Agent, config.Agent.Check()
}
