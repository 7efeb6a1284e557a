// Supervisor-notify sends messages about programs: to web servers, by mail, and by commands. It is an event listener, configured by the
// [notify:x] sections of supervisord's file, and works under the original, too. docs/supervisor-notify.md describes it.
//
// It is a program of its own, because sending means TLS, name servers and queues, which may hang: supervisord has none of them.
// Package notify decides; this package reads events, keeps the spool, and delivers.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/notify"
	"github.com/gosupervisor/supervisor/internal/quit"
	"github.com/gosupervisor/supervisor/internal/timezone"
)

// The exit statuses.
const (
	statusDone   = 0
	statusFailed = 1 // a message was not delivered
	statusUsage  = 2 // the command line or the configuration is wrong
)

const usage = `Usage: supervisor-notify [-c FILE] [-t | --test NAME | --resend]

Send messages about programs. As an event listener of supervisord it needs
none of the options but -c.

`

func main() {
	timezone.Set()
	quit.Default()
	os.Exit(run(os.Args))
}

// options are those of the command line.
type options struct {
	file          string
	check         bool
	test          string
	resend        bool
	help, version bool
}

// run is the program. It returns the exit status.
func run(argv []string) int {
	var o options
	flags := pflag.NewFlagSet("supervisor-notify", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.Usage = func() {}
	flags.StringVarP(&o.file, "configuration", "c", "", "the configuration file of supervisord (default: where supervisord finds it)")
	flags.BoolVarP(&o.check, "check", "t", false, "check the [notify:x] sections and end")
	flags.StringVar(&o.test, "test", "", "send an example as [notify:`NAME`] says and end")
	flags.BoolVar(&o.resend, "resend", false, "send the messages in the spool that could not be sent, and end")
	flags.BoolVarP(&o.version, "version", "v", false, "print the version and end")
	flags.BoolVarP(&o.help, "help", "h", false, "print this and end")
	err := flags.Parse(argv[1:])
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	switch {
	case err != nil:
		logf("%v", err)
		return statusUsage
	case o.help:
		fmt.Print(usage + flags.FlagUsages())
		return statusDone
	case o.version:
		fmt.Println(api.Version)
		return statusDone
	}
	file, rules, senders, ok := configure(argv[0], o.file)
	switch {
	case !ok:
		return statusUsage
	case o.check:
		fmt.Println(file + ": no errors")
		return statusDone
	case flags.Changed("test"):
		return test(o.test, senders)
	case o.resend:
		return resend(rules[0].Spool, senders)
	}
	return listen(rules, senders)
}

// configure reads the configuration, and reports what is wrong with it.
func configure(argv0, path string) (file string, rules []config.Notification, senders map[string]sender, ok bool) {
	found := config.LoadNotifications(argv0, path, os.Environ())
	errs, warnings := found.Errors, found.Warnings
	senders = map[string]sender{}
	if len(errs) == 0 {
		for i := range found.List {
			n := &found.List[i]
			more, err := n.ReadSecrets()
			warnings = append(warnings, more...)
			if err == nil {
				senders[n.Name], err = newSender(n)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: [notify:%s]: %w", found.File, n.Name, err))
			}
		}
	}
	for _, text := range warnings {
		logf("Warning: %s", text)
	}
	for _, err := range errs {
		logf("Error: %v", err)
	}
	return found.File, found.List, senders, len(errs) == 0
}

// test sends an example.
func test(name string, senders map[string]sender) int {
	s := senders[name]
	if s == nil {
		logf("Error: there is no [notify:%s] section", name)
		return statusUsage
	}
	now := time.Now().UTC()
	id := "msg_" + randomID()
	m := notify.Message{ID: id, Made: now, Notice: notify.Example(hostName(), name, id, now)}
	if r := s.send(context.Background(), &m); r.Outcome != notify.Delivered {
		logf("Error: cannot send by [notify:%s]: %s", name, r.Reason)
		return statusFailed
	}
	fmt.Printf("sent by [notify:%s]\n", name)
	return statusDone
}

// listen is the event listener.
func listen(rules []config.Notification, senders map[string]sender) int {
	s, state, inputs, err := openSpool(rules[0].Spool)
	if errors.Is(err, errInUse) {
		logf("Error: %v", err)
		return statusUsage
	}
	if err != nil {
		logf("%v; what is not sent is kept in memory", err)
	} else {
		defer s.close()
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	e := newEngine(rules, senders, s, state, inputs)
	return e.run(os.Stdin, os.Stdout, stop)
}

// logf writes a line to standard error, which supervisord logs.
func logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}
