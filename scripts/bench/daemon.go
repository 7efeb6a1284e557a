package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// daemon is a running contender.
type daemon struct {
	contender
	load    load
	dir     string
	folder  string // of the services of a peer
	socket  string
	pid     int
	started time.Duration // just before it was executed
	reports *reports
	alive   []report      // each child's first report
	reaped  chan struct{} // closed when it was reaped
	exited  time.Duration // valid when reaped is closed
}

// startLimit bounds the start of all children with the slowest contender.
const startLimit = 3 * time.Minute

// launch starts the contender with programs and waits until every child has reported. The caller closes the daemon.
func (t *turn) launch(ctx context.Context, load load) (_ *daemon, err error) {
	dir, err := t.newDir()
	if err != nil {
		return nil, err
	}
	load.command = slices.Concat(t.fixtures.child, []string{filepath.Join(dir, fifoName)}, load.args)
	d := &daemon{
		contender: t.contender,
		load:      load,
		dir:       dir,
		socket:    filepath.Join(dir, socketName),
		reaped:    make(chan struct{}),
	}
	defer func() {
		if err != nil {
			err = errors.Join(d.explain(err), d.close())
		}
	}()
	if d.peer != nil {
		if d.folder, err = makeServices(dir); err != nil {
			return nil, err
		}
	}
	if err := d.writeConfig(dir, d.load); err != nil {
		return nil, err
	}
	if d.reports, err = openReports(dir); err != nil {
		return nil, err
	}
	if err := d.exec(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if d.alive, err = d.reports.await(ctx, load.programs, d.reaped); err != nil {
		return nil, err
	}
	return d, nil
}

// exec runs the contender in a process group of its own, so that Ctrl-C signals only the bench.
func (d *daemon) exec() error {
	stderr, err := os.Create(filepath.Join(d.dir, stderrName))
	if err != nil {
		return err
	}
	defer stderr.Close()
	argv := d.argv(d.dir, d.load)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stderr = d.dir, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	d.started = now()
	if err := cmd.Start(); err != nil {
		return err
	}
	d.pid = cmd.Process.Pid
	go func() {
		cmd.Wait() // only the time matters
		d.exited = now()
		close(d.reaped)
	}()
	if d.peer != nil {
		return raiseFiles(d.pid)
	}
	return nil
}

// awaitRunning waits until each program has entered RUNNING according to the daemon's log. It makes no requests, since the memory
// and wake-ups of the daemon are measured next. Peers have no such states: it waits until each logger runs. The baseline has neither.
func (d *daemon) awaitRunning(ctx context.Context) error {
	if d.who == baseline {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		running, err := d.running()
		if err != nil {
			return d.explain(err)
		}
		if running >= d.load.programs+d.load.listeners {
			return nil
		}
		select {
		case <-ticker.C:
		case <-d.reaped:
			return d.explain(fmt.Errorf("%w; %d of %d programs run", errDaemonExited, running, d.load.programs))
		case <-ctx.Done():
			return d.explain(fmt.Errorf("%d of %d programs run: %w", running, d.load.programs, context.Cause(ctx)))
		}
	}
}

// running returns the number of programs that run.
func (d *daemon) running() (int, error) {
	if d.peer != nil {
		return d.loggers()
	}
	data, err := os.ReadFile(filepath.Join(d.dir, mainLog))
	return bytes.Count(data, []byte(" entered RUNNING state")), err
}

// await waits for the next n reports.
func (d *daemon) await(ctx context.Context, n int) ([]report, error) {
	got, err := d.reports.await(ctx, n, d.reaped)
	if err != nil {
		err = d.explain(err)
	}
	return got, err
}

// awaitExit waits until the daemon has been reaped and returns when that was.
func (d *daemon) awaitExit(ctx context.Context) (time.Duration, error) {
	select {
	case <-d.reaped:
		return d.exited, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("the daemon does not exit: %w", context.Cause(ctx))
	}
}

// close kills the daemon and its children if they still run, and removes its directory.
func (d *daemon) close() error {
	var errs []error
	if d.pid != 0 {
		select {
		case <-d.reaped:
		default:
			if err := syscall.Kill(d.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("cannot kill the daemon, %d: %w", d.pid, err)
			}
			<-d.reaped
		}
		errs = append(errs, endOrphans())
	}
	if d.reports != nil {
		errs = append(errs, d.reports.fifo.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(d.folder), os.RemoveAll(d.dir))...)
}

// explain adds the last lines of the daemon's output to an error.
func (d *daemon) explain(err error) error {
	for _, name := range []string{stderrName, mainLog} {
		data, readErr := os.ReadFile(filepath.Join(d.dir, name))
		if readErr != nil || len(data) == 0 {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		lines = lines[max(0, len(lines)-5):]
		err = fmt.Errorf("%w\n  %s: %s", err, name, strings.Join(lines, "\n  "+name+": "))
	}
	return err
}
