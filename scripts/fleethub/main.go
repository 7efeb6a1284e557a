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
	"syscall"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/hub"
	"github.com/gosupervisor/supervisor/internal/fleet/workdir"
	"github.com/gosupervisor/supervisor/internal/quit"
	"github.com/gosupervisor/supervisor/internal/timezone"
)

const usage = `usage: supervisor-fleet-hub [-c FILE] [-t]

The hub of a fleet. It runs in the foreground.

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
	err := flags.Parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Print(usage, flags.FlagUsages())
		return 0
	}
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
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
