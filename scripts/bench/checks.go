package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The programs with a check, and the period of each.
const (
	checked     = 1000
	checkPeriod = 10 * time.Second
)

// checks measures a thousand checks by HTTP: what each costs, and the latency of calls meanwhile. The baseline makes the same requests.
func checks(ctx context.Context, t *turn) (err error) {
	site, err := openWebsite(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.stop()) }()
	if t.who == baseline {
		pid, exited, stop, err := startProber(site.url, checked, checkPeriod)
		if err != nil {
			return err
		}
		defer stop()
		return t.costOfChecks(ctx, site, pid, exited)
	}
	d, err := t.launch(ctx, load{programs: checked, extra: []string{
		"liveness_check_script=" + site.url,
		fmt.Sprintf("liveness_check_period=%g", checkPeriod.Seconds()),
		"liveness_check_initial_delay=0",
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := t.costOfChecks(ctx, site, d.pid, d.reaped); err != nil {
		return d.explain(err)
	}
	if !t.wants("checks/getState/p99") {
		return nil
	}
	return t.askFor(ctx, d, "checks/getState", or(t.settings.quick, checkPeriod, 3*checkPeriod))
}

// costOfChecks measures the processor time of the process that makes the requests, for each of them, in some periods after the first.
func (t *turn) costOfChecks(ctx context.Context, site *website, pid int, exited <-chan struct{}) error {
	if err := site.await(ctx, checked, exited); err != nil {
		return err
	}
	// Until the middle between two bursts, so that each of the following is measured as a whole.
	if err := wait(ctx, checkPeriod/2); err != nil {
		return err
	}
	before, err := onCPU(pid)
	if err != nil {
		return err
	}
	from, periods := site.asked.Load(), or(t.settings.quick, 1, 3)
	if err := wait(ctx, time.Duration(periods)*checkPeriod); err != nil {
		return err
	}
	after, err := onCPU(pid)
	if err != nil {
		return err
	}
	made := site.asked.Load() - from
	if made != int64(periods*checked) {
		return fmt.Errorf("%d requests in %d periods, not %d", made, periods, periods*checked)
	}
	t.add("checks/cpu", (after-before).Seconds()*1e6/float64(made))
	return nil
}
