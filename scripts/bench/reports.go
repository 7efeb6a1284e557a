package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// report is a report of a child.
type report struct {
	pid int
	at  time.Duration // on the monotonic clock, as now() reads it
}

// reports receives the reports of the children of a run from its FIFO. A report is one atomic write and has its own time, so it can
// be read later, at each pollInterval, without taking processor time from the programs being measured.
type reports struct {
	fifo    *os.File
	pending []byte
}

// pollInterval is the interval at which the bench checks for what it cannot wait for otherwise.
const pollInterval = 2 * time.Millisecond

// errDaemonExited says that the daemon exited while the bench waited for something from it.
var errDaemonExited = errors.New("the daemon exited")

func openReports(dir string) (*reports, error) {
	path := filepath.Join(dir, fifoName)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return nil, fmt.Errorf("cannot make %s: %w", path, err)
	}
	// Also for writing, so that there is no end of file while no child has it open.
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	return &reports{fifo: os.NewFile(uintptr(fd), path)}, nil
}

// await returns the next n reports. It ends early, with an error, at the end of ctx or when exited closes.
func (r *reports) await(ctx context.Context, n int, exited <-chan struct{}) ([]report, error) {
	var got []report
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if err := r.read(); err != nil {
			return got, err
		}
		for len(got) < n {
			line, rest, whole := bytes.Cut(r.pending, []byte("\n"))
			if !whole {
				break
			}
			next, err := parseReport(string(line))
			if err != nil {
				return got, err
			}
			got, r.pending = append(got, next), rest
		}
		if len(got) == n {
			return got, nil
		}
		select {
		case <-ticker.C:
		case <-exited:
			return got, fmt.Errorf("%w; %d of %d children have reported", errDaemonExited, len(got), n)
		case <-ctx.Done():
			return got, fmt.Errorf("%d of %d children have reported: %w", len(got), n, context.Cause(ctx))
		}
	}
}

// read drains the FIFO without waiting.
func (r *reports) read() error {
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.tryRead(buffer)
		if errors.Is(err, syscall.EAGAIN) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read the reports: %w", err)
		}
		r.pending = append(r.pending, buffer[:n]...)
	}
}

// tryRead reads once. It bypasses the runtime's poller, which would wake the bench at every report.
func (r *reports) tryRead(buffer []byte) (n int, err error) {
	raw, err := r.fifo.SyscallConn()
	if err != nil {
		return 0, err
	}
	err2 := raw.Control(func(fd uintptr) { n, err = unix.Read(int(fd), buffer) })
	return n, errors.Join(err, err2)
}

func parseReport(line string) (report, error) {
	var r report
	if _, err := fmt.Sscanf(line, "%d %d", &r.pid, &r.at); err != nil {
		return report{}, fmt.Errorf("bad report %q: %w", line, err)
	}
	return r, nil
}

// last returns the time of the latest report.
func last(all []report) time.Duration {
	var at time.Duration
	for _, r := range all {
		at = max(at, r.at)
	}
	return at
}

// now reads the monotonic clock, as the children do.
func now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
