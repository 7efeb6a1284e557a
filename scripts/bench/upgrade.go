package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// upgrades measures upgrades to the same program, with few programs and with a thousand, each of which writes 1 MB/s.
func upgrades(ctx context.Context, t *turn) error {
	for _, programs := range []int{10, 1000} {
		name := fmt.Sprintf("upgrade/%d", programs)
		if !t.wants(name+"/p50", name+"/max", name+"/getState/max") {
			continue
		}
		if err := t.upgradesOf(ctx, name, programs); err != nil {
			return err
		}
	}
	return nil
}

// upgradesOf adds the time from freeze to commit, by the lines of the log, and the longest time that a client waits meanwhile.
func (t *turn) upgradesOf(ctx context.Context, name string, programs int) (err error) {
	d, err := t.launch(ctx, load{programs: programs, args: []string{"paced"}, extra: []string{
		"stdout_logfile_maxbytes=1MB", "stdout_logfile_backups=0"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	asking, stop := context.WithCancel(ctx)
	defer stop()
	answered := t.ask(asking, d)
	for range or(t.settings.quick, 3, 20) {
		if _, err := d.call(ctx, "supervisor.upgrade", "false"); err != nil {
			return d.explain(err)
		}
	}
	stop()
	waited := <-answered
	text, err := os.ReadFile(filepath.Join(d.dir, mainLog))
	if err != nil {
		return err
	}
	took, err := upgradeTimes(text)
	if err != nil {
		return d.explain(err)
	}
	t.add(name+"/p50", milliseconds(percentile(took, 50)))
	t.add(name+"/max", milliseconds(percentile(took, 100)))
	t.add(name+"/getState/max", milliseconds(percentile(waited, 100)))
	return nil
}

// upgradeTimes returns how long each upgrade took, by the lines of the main log before and after it.
func upgradeTimes(log []byte) (took []time.Duration, err error) {
	const layout = "2006-01-02 15:04:05,000"
	var from time.Time
	for line := range bytes.Lines(log) {
		begins, ends := bytes.Contains(line, []byte(" can take over, freezing")), bytes.Contains(line, []byte(" supervisord was upgraded "))
		if !begins && !ends || len(line) < len(layout) {
			continue
		}
		at, err := time.Parse(layout, string(line[:len(layout)]))
		switch {
		case err != nil:
			return nil, err
		case begins:
			from = at
		default:
			took = append(took, at.Sub(from))
		}
	}
	if took == nil {
		return nil, errors.New("no upgrade is in the log")
	}
	return took, nil
}
