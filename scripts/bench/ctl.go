package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
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
			cmd := exec.CommandContext(ctx, d.ctl, "-c", filepath.Join(d.dir, configName), c.name)
			from := now()
			output, err := cmd.CombinedOutput()
			to := now()
			if err != nil {
				return fmt.Errorf("%s: %w: %s", cmd, err, output)
			}
			if n := bytes.Count(output, []byte(c.text)); n != c.times {
				return fmt.Errorf("%s: %q is in the output %d times, not %d", cmd, c.text, n, c.times)
			}
			took = append(took, to-from)
		}
		t.add(figure, milliseconds(percentile(took, 50)))
	}
	return nil
}
