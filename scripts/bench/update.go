package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// changing is the section of the program that update changes. Its commands do the same.
func changing(seconds int) []string {
	return []string{"[program:changing]", fmt.Sprintf("command=/bin/sleep %d", seconds), "startsecs=0", "stdout_logfile=NONE", "stderr_logfile=NONE"}
}

// updates measures supervisorctl reread, and then update --minimal, of a thousand sections, one of which has another command each time.
func updates(ctx context.Context, t *turn) (err error) {
	const programs = 1000
	d, err := t.launch(ctx, load{programs: programs - 1, extra: changing(programs),
		apart: func(int) []string { return []string{"startsecs=0"} }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	d.load.listeners = 1 // the program of extra
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	before, err := d.pids(ctx, programs)
	if err != nil {
		return err
	}
	var reread, update []time.Duration
	for i := range or(t.settings.quick, 4, 20) {
		d.load.extra = changing(programs + 1 + i%2)
		if err := os.WriteFile(filepath.Join(d.dir, configName), []byte(configText(d.dir, d.load)), 0o600); err != nil {
			return err
		}
		for _, c := range []struct {
			took *[]time.Duration
			args []string
			want string
		}{
			{&reread, []string{"reread"}, "changing: changed\n"},
			{&update, []string{"update", "--minimal"}, "changing: stopped\nchanging: started\n"},
		} {
			output, took, err := d.control(ctx, c.args...)
			if err == nil && output != c.want {
				err = fmt.Errorf("supervisorctl %s: the output is %q, not %q", strings.Join(c.args, " "), output, c.want)
			}
			if err != nil {
				return d.explain(err)
			}
			*c.took = append(*c.took, took)
		}
		after, err := d.pids(ctx, programs)
		if err != nil {
			return err
		}
		if n := different(before, after); n != 1 {
			return fmt.Errorf("%d processes have another pid after the update, not 1", n)
		}
		before = after
	}
	t.add("update/reread", milliseconds(percentile(reread, 50)))
	t.add("update/minimal", milliseconds(percentile(update, 50)))
	return nil
}

// pids returns the process ids of so many programs, in the order of the programs.
func (d *daemon) pids(ctx context.Context, programs int) ([]string, error) {
	output, _, err := d.control(ctx, "pid", "all")
	if err != nil {
		return nil, err
	}
	all := strings.Fields(output)
	if len(all) != programs {
		return nil, fmt.Errorf("%d programs have a pid, not %d", len(all), programs)
	}
	return all, nil
}

// different returns at how many positions two lists of the same length differ.
func different(a, b []string) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}
