package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// section is the name of the section of a program of a load whose programs are apart. Their order is the same by name and in the file.
func section(n int) string { return fmt.Sprintf("p-%04d", n) }

// startSections returns a scenario that measures the start of a thousand sections with these lines.
func startSections(name string, lines func(n int) []string) func(context.Context, *turn) error {
	return func(ctx context.Context, t *turn) error {
		d, err := t.launch(ctx, load{programs: 1000, apart: lines})
		if err != nil {
			return err
		}
		t.add(name, milliseconds(last(d.alive)-d.started))
		return d.close()
	}
}

func nothing(int) []string { return nil }

// onEarlier has a program depend on up to three earlier ones, at random. None waits, since these have been started.
func onEarlier(n int) []string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	var names []string
	for range min(n, 1+random.IntN(3)) {
		names = append(names, section(random.IntN(n))+":started")
	}
	if names == nil {
		return nil
	}
	return []string{"depends_on=" + strings.Join(names, ",")}
}

// memoryOfFeatures returns a scenario that measures how much more memory an idle daemon has for each program if all have a dependency,
// a check that was made once, and have reported that they are ready. What the first check costs is no part of it: the difference
// between many and few programs is.
func memoryOfFeatures(name string, apart bool) func(context.Context, *turn) error {
	return func(ctx context.Context, t *turn) error {
		const few, many = 500, 2500
		var more [2]float64
		for i, programs := range []int{few, many} {
			without, err := t.observeFeatures(ctx, programs, false, apart)
			if err != nil {
				return err
			}
			with, err := t.observeFeatures(ctx, programs, true, apart)
			if err != nil {
				return err
			}
			more[i] = with.memory - without.memory
			if programs == many {
				t.add(name+"/switches", with.switches)
			}
		}
		t.add(name+"/memory", 1000*(more[1]-more[0])/(many-few))
		return nil
	}
}

// observeFeatures observes such a daemon, or one whose programs have none of that.
func (t *turn) observeFeatures(ctx context.Context, programs int, used, apart bool) (r rest, err error) {
	site, err := openWebsite(false)
	if err != nil {
		return rest{}, err
	}
	defer func() { err = errors.Join(err, site.stop()) }()
	l := load{programs: programs}
	var lines []string
	if used {
		l.args = []string{"ready"}
		lines = []string{"depends_on=first", "ready=notify", "liveness_check_script=" + site.url, "liveness_check_initial_delay=0",
			"liveness_check_period=1h"}
	}
	first := []string{"[program:first]", "command=/bin/sleep 1000", "startsecs=0", "stdout_logfile=NONE", "stderr_logfile=NONE"}
	if apart {
		l.apart, l.extra = func(int) []string { return lines }, first
	} else {
		l.extra = slices.Concat(lines, first)
	}
	r, err = t.observeNew(ctx, l, "")
	if asked := int(site.asked.Load()); err == nil && used && asked != programs {
		err = fmt.Errorf("%d checks were made, not %d", asked, programs)
	}
	return r, err
}

// hungLimit is the shutdown_timeout of hung.
const hungLimit = 3 * time.Second

// hung measures a thousand programs whose hooks do not end, whose checks are not answered, and which send notifications without end.
func hung(ctx context.Context, t *turn) (err error) {
	site, err := openWebsite(true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.stop()) }()
	d, err := t.launch(ctx, load{
		programs: 1000,
		args:     []string{"flood"},
		daemon:   []string{fmt.Sprintf("shutdown_timeout=%g", hungLimit.Seconds())},
		extra: slices.Concat(
			[]string{"startsecs=0", "ready=notify", "hook_timeout=1h", "post_start_hook=/bin/sleep 1000", "pre_stop_hook=/bin/sleep 1000"},
			[]string{"liveness_check_script=" + site.url, "liveness_check_initial_delay=0", "liveness_check_timeout=1h"},
			[]string{"readiness_check_script=/bin/sleep 1000", "readiness_check_timeout=1h"}),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	if err := site.await(ctx, probesAtOnce, d.reaped); err != nil {
		return d.explain(err)
	}
	if err := t.askFor(ctx, d, "hung/getState", or(t.settings.quick, time.Second, 5*time.Second)); err != nil {
		return err
	}
	return t.stop(ctx, d, "hung/stop")
}
