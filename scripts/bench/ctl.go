package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// commands measures supervisorctl, from its start to its exit, with a daemon of so many programs.
func (t *turn) commands(ctx context.Context, d *daemon, programs int) error {
	for _, c := range []struct {
		name, text string
		times      int // number of occurrences of text in the output
	}{
		{"pid", strconv.Itoa(d.pid), 1},
		{"status", " RUNNING ", programs},
	} {
		figure := fmt.Sprintf("ctl/%s/%d", c.name, programs)
		if !t.wants(figure) {
			continue
		}
		var took []time.Duration
		for range or(t.settings.quick, 2, 5) {
			output, elapsed, err := d.control(ctx, c.name)
			if err != nil {
				return err
			}
			if n := strings.Count(output, c.text); n != c.times {
				return fmt.Errorf("supervisorctl %s: %q is in the output %d times, not %d", c.name, c.text, n, c.times)
			}
			took = append(took, elapsed)
		}
		t.add(figure, milliseconds(percentile(took, 50)))
	}
	return nil
}

// control runs supervisorctl with the configuration of the daemon and returns its output and how long it took, from its start to its
// exit. Another status than 0 is an error.
func (d *daemon) control(ctx context.Context, args ...string) (output string, took time.Duration, err error) {
	cmd := exec.CommandContext(ctx, d.ctl, append([]string{"-c", filepath.Join(d.dir, configName)}, args...)...)
	from := now()
	text, err := cmd.CombinedOutput()
	took = now() - from
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", cmd, err, text)
	}
	return string(text), took, err
}
