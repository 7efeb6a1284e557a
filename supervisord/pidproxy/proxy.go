package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// target is a process that can be signaled, and waited for.
type target struct {
	signal func(syscall.Signal) error
	gone   <-chan struct{} // closes when the process has ended
}

// proxy passes signals on until the process that it waits for has ended.
type proxy struct {
	path     string // of the pid file
	target          // is waited for: the command, or the process in the pid file
	stopping bool   // the target was sent a signal that ends it
}

func (p *proxy) serve(signals <-chan os.Signal) {
	for {
		select {
		case <-p.gone:
			if p.stopping || !p.follow() {
				return
			}
		case s := <-signals:
			p.pass(s.(syscall.Signal))
		}
	}
}

// pass sends s to the process in the pid file. If that fails, a signal that ends a program goes to the target, which must not be left
// running without pidproxy.
func (p *proxy) pass(s syscall.Signal) {
	ends := s == syscall.SIGTERM || s == syscall.SIGINT || s == syscall.SIGQUIT
	if !p.stopping { // else the pid file may be gone already
		found, err := p.signalFound(s)
		switch {
		case err == nil && ends:
			p.target, p.stopping = found.target(), true
			return
		case err == nil:
			found.release()
			return
		}
		report(err)
		if !ends {
			return
		}
	}
	p.stopping = true
	if err := p.signal(s); err != nil {
		report(err)
	}
}

// signalFound signals the process in the pid file, if that is allowed, and returns it.
func (p *proxy) signalFound(s syscall.Signal) (process, error) {
	file, err := readPIDFile(p.path)
	if err != nil {
		fmt.Printf("Can't read child pidfile %s!\n", p.path)
		return process{}, err
	}
	found, err := hold(file.pid)
	if err == nil {
		if reason := file.refuse(found); reason != "" {
			found.release()
			return process{}, fmt.Errorf("process %d is not signaled: %s", file.pid, reason)
		}
		if err = found.signal(s); err == nil {
			return found, nil
		}
		found.release()
	}
	return process{}, fmt.Errorf("cannot signal process %d: %w", file.pid, err)
}

// follow makes the process in the pid file the target, now that the last one has ended. It reports false if there is none, or if the
// command has not started it: its pid may be that of an earlier process.
func (p *proxy) follow() bool {
	file, err := readPIDFile(p.path)
	if err != nil {
		return false
	}
	held, err := hold(file.pid)
	if err != nil {
		return false
	}
	if !held.ofCommand() {
		held.release()
		return false
	}
	p.target = held.target()
	return true
}

// target returns p as a target, which p then belongs to.
func (p process) target() target {
	return target{signal: p.signal, gone: after(p.wait)}
}

// pollInterval is how often a process is looked at whose end the system does not report.
const pollInterval = 100 * time.Millisecond

// poll returns when there is no process with the pid.
func poll(pid int) {
	for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		time.Sleep(pollInterval)
	}
}
