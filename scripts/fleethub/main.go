// Supervisor-fleet-hub is the middle of a fleet: it stores what agents send, and answers clients. It contains a NATS server.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/hub"
	"github.com/gosupervisor/supervisor/internal/fleet/identity"
	"github.com/gosupervisor/supervisor/internal/fleet/workdir"
	"github.com/gosupervisor/supervisor/internal/quit"
	"github.com/gosupervisor/supervisor/internal/timezone"
)

const usage = `usage: supervisor-fleet-hub [-c FILE] [-t]
       supervisor-fleet-hub [-c FILE] init > admin.creds
       supervisor-fleet-hub [-c FILE] token [--host PATTERN] [--ttl TIME]

The hub of a fleet. It runs in the foreground. init makes the keys by which hosts
and people prove who they are, and prints an administrator's credentials. token
prints a token with which one host can join.

`

func main() {
	quit.Default()
	timezone.Set()
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	flags := pflag.NewFlagSet("supervisor-fleet-hub", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	file := flags.StringP("configuration", "c", fleet.DefaultFile, "read this `file`")
	test := flags.BoolP("test", "t", false, "check the file, and run nothing")
	pattern := flags.String("host", "*", "for token: the name of the host matches this `pattern`")
	ttl := flags.String("ttl", "1h", "for token: it is good for this `time`")
	err := flags.Parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Print(usage, flags.FlagUsages())
		return 0
	}
	command := flags.Arg(0)
	if err == nil && (flags.NArg() > 1 || command != "" && command != "init" && command != "token") {
		err = fmt.Errorf("there is no command %q", strings.Join(flags.Args(), " "))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "supervisor-fleet-hub: %v\n%s", err, usage)
		return 2
	}
	config, err := read(*file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR", err)
		return 2
	}
	switch command {
	case "init":
		err = initialize(config.Hub)
	case "token":
		err = printToken(config.Hub, *pattern, *ttl)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR", err)
		return 1
	}
	if command != "" {
		return 0
	}
	if *test {
		fmt.Printf("%s: no errors\n", *file)
		return 0
	}
	return serve(config.Hub)
}

// read reads and checks the configuration of a hub.
func read(file string) (*fleet.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	config, err := fleet.Parse(file, string(text))
	if err != nil {
		return nil, err
	}
	return config, config.Hub.Check()
}

// initialize makes the keys of a hub that does not run, and prints an administrator's credentials.
func initialize(config fleet.Hub) error {
	dir, err := workdir.Open(config.Data)
	if err != nil {
		return err
	}
	defer dir.Close()
	admin, err := identity.Init(dir.Root)
	if errors.Is(err, identity.ErrExists) {
		return fmt.Errorf("%w in %s", err, config.Data)
	}
	if err == nil {
		_, err = os.Stdout.Write(admin)
	}
	return err
}

// printToken prints a token.
func printToken(config fleet.Hub, pattern, ttl string) error {
	d, err := fleet.ParseDuration(ttl)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(config.Data)
	if err != nil {
		return err
	}
	defer root.Close()
	authority, err := identity.Load(root)
	if identity.None(err) {
		return fmt.Errorf("the hub has no keys in %s: supervisor-fleet-hub init makes them", config.Data)
	}
	if err != nil {
		return err
	}
	token, err := authority.Token(pattern, time.Now().Add(d))
	if err == nil {
		fmt.Println(token)
	}
	return err
}

// serve runs the hub until a signal.
func serve(config fleet.Hub) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	logger := log.New(os.Stderr, "", log.LstdFlags)
	h, err := hub.Start(config, logger)
	if err != nil {
		logger.Println("ERROR", err)
		var taken *workdir.TakenError
		if errors.As(err, &taken) {
			return 3
		}
		return 1
	}
	defer h.Close()
	logger.Println("INFO listening on", h.URL())
	<-ctx.Done()
	logger.Println("INFO ends")
	return 0
}
