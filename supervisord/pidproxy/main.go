// Pidproxy runs a command that puts itself into the background, and passes signals to the process in the command's pid file, so that
// supervisord can control it:
//
//	pidproxy PIDFILE COMMAND [ARGUMENT ...]
//
// It exits after it has passed SIGTERM, SIGINT or SIGQUIT, and when the command exits. Its exit status is always 0.
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
	ended := run(os.Args[2:])
	for {
		select {
		case <-ended:
			return
		case s := <-signals:
			if pass(os.Args[1], s.(syscall.Signal)) && (s == syscall.SIGTERM || s == syscall.SIGINT || s == syscall.SIGQUIT) {
				return
			}
		}
	}
}

// run starts the command and returns a channel that closes when it has exited, or at once if it cannot be started.
func run(command []string) <-chan struct{} {
	ended := make(chan struct{})
	path, err := filepath.Abs(command[0])
	if err != nil {
		path = command[0]
	}
	c := &exec.Cmd{Path: path, Args: command, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if err := c.Start(); err != nil {
		fmt.Fprintf(os.Stderr, "pidproxy: %v\n", err)
		close(ended)
		return ended
	}
	go func() {
		_ = c.Wait() // the original ignores the status as well
		close(ended)
	}()
	return ended
}

// pass sends s to the process in the pid file. It returns false if the file names none that may be signaled; why is on standard
// error.
func pass(path string, s syscall.Signal) bool {
	file, err := readPIDFile(path)
	if err != nil {
		fmt.Printf("Can't read child pidfile %s!\n", path)
		fmt.Fprintf(os.Stderr, "pidproxy: %v\n", err)
		return false
	}
	p, err := hold(file.pid)
	if err == nil {
		defer p.release()
		if reason := file.refuse(p); reason != "" {
			fmt.Fprintf(os.Stderr, "pidproxy: process %d is not signaled: %s\n", file.pid, reason)
			return false
		}
		err = p.signal(s)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "pidproxy: cannot signal process %d: %v\n", file.pid, err)
	}
	return true
}
