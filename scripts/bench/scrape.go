package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// aList is a list of all processes that is not shared with other clients, in a system.multicall.
const aList = "<array><data>" + oneList + "</data></array>"

// scrapeThousand measures /metrics of a daemon with a thousand programs, and what remains in memory of it.
func scrapeThousand(ctx context.Context, t *turn) (err error) {
	d, err := t.launch(ctx, load{programs: 1000})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	before, err := t.observe(ctx, d)
	if err != nil {
		return err
	}
	if err := t.scrape(ctx, d); err != nil {
		return err
	}
	for range 100 {
		if _, _, err := t.scrapes(ctx, d, "", 0, 0); err != nil {
			return err
		}
	}
	after, err := t.observe(ctx, d)
	if err != nil {
		return err
	}
	t.add("scrape/idle/memory", before.memory)
	t.add("scrape/memory", after.memory)
	return nil
}

// scrape measures how long an answer takes, beside a list of all processes and the reads of what the kernel shows of their processes.
func (t *turn) scrape(ctx context.Context, d *daemon) error {
	list, err := d.dial(ctx, "system.multicall", aList)
	if err != nil {
		return err
	}
	defer list.conn.Close()
	window := or(t.settings.quick, 300*time.Millisecond, 3*time.Second)
	listed, err := repeated(window, 0, func() error { _, err := list.call(); return err })
	if err != nil {
		return fmt.Errorf("a list: %w", d.explain(err))
	}
	plain, _, err := t.scrapes(ctx, d, "?collect[]=daemon&collect[]=process", window, 0)
	if err != nil {
		return err
	}
	// What was read of processes serves all who ask within a second.
	all, size, err := t.scrapes(ctx, d, "", or(t.settings.quick, time.Second, 10*time.Second), 1100*time.Millisecond)
	if err != nil {
		return err
	}
	raw, err := rawReads(d, window)
	if err != nil {
		return err
	}
	t.add("list/1000/p50", milliseconds(percentile(listed, 50)))
	t.add("scrape/1000/p50", milliseconds(percentile(plain, 50)))
	t.add("scrape/resources/1000/p50", milliseconds(percentile(all, 50)))
	t.add("scrape/reads/1000/p50", milliseconds(percentile(plain, 50)+percentile(raw, 50)))
	t.add("scrape/1000/bytes", float64(size))
	return nil
}

// scrapes asks for metrics again and again, once an interval, on one connection.
func (t *turn) scrapes(ctx context.Context, d *daemon, query string, window, interval time.Duration) (took []time.Duration, size int, err error) {
	c, err := d.dial(ctx, "")
	if err != nil {
		return nil, 0, err
	}
	defer c.conn.Close()
	c.request = []byte("GET /metrics" + query + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
	took, err = repeated(window, interval, func() error {
		body, err := c.call()
		size = len(body)
		if n := bytes.Count(body, []byte("\nsupervisor_process_up{")); err == nil && n != d.load.programs {
			return fmt.Errorf("%d programs, not %d", n, d.load.programs)
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("metrics: %w", d.explain(err))
	}
	return took, size, err
}

// repeated does something again and again in a window, at least once: once an interval, as a monitor does, or if that is 0 without a pause. It
// returns how long each took.
func repeated(window, interval time.Duration, do func() error) (took []time.Duration, err error) {
	due := func() {}
	if interval > 0 {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		due = func() { <-ticker.C }
	}
	for from := time.Now(); len(took) == 0 || time.Since(from) < window; {
		due()
		began := time.Now()
		if err := do(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// rawReads reads the files that the daemon reads of its children, and does nothing with them.
func rawReads(d *daemon, window time.Duration) ([]time.Duration, error) {
	pids, err := children(d.pid)
	if err != nil {
		return nil, err
	}
	buf := make([]byte, 4096)
	return repeated(window, 0, func() error {
		for _, pid := range pids {
			dir := fmt.Sprintf("/proc/%d/", pid)
			fd, err := syscall.Open(dir+"stat", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			_, err = syscall.Read(fd, buf)
			_ = syscall.Close(fd)
			var s syscall.Stat_t
			if err := errors.Join(err, syscall.Stat(dir+"fd", &s)); err != nil {
				return err
			}
		}
		return nil
	})
}
