// Pidproxy runs a command whose real process is another one, and passes signals to the process in the command's pid file, so that
// supervisord can control it:
//
//	pidproxy PIDFILE COMMAND [ARGUMENT ...]
//
// It exits when the command and a process that the command has left in the background have ended, and after SIGTERM, SIGINT or
// SIGQUIT when the process that it passed the signal to has. Its exit status is always 0.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Printf("pidproxy passes signals on to the process that a pid file names.\n"+
			"Usage: %s PIDFILE COMMAND [ARGUMENT ...]\n", os.Args[0])
		os.Exit(1)
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGQUIT)
	command, err := run(os.Args[2:])
	if err != nil {
		report(err)
		return
	}
	p := proxy{path: os.Args[1], target: command}
	p.serve(signals)
}

func report(err error) { fmt.Fprintf(os.Stderr, "pidproxy: %v\n", err) }

// run starts the command.
func run(command []string) (target, error) {
	path, err := filepath.Abs(command[0])
	if err != nil {
		path = command[0]
	}
	c := &exec.Cmd{Path: path, Args: command, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if err := c.Start(); err != nil {
		return target{}, err
	}
	return target{
		signal: func(s syscall.Signal) error { return c.Process.Signal(s) },
		gone: after(func() {
			_ = c.Wait() // the original ignores the status as well
		}),
	}, nil
}

// after returns a channel that closes when f has returned.
func after(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return done
}
