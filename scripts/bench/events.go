package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// lineLength is the length of the lines that the child writes, one at a time.
const lineLength = 128

// counted is the result of the listener.
type counted struct {
	first, last             time.Duration // the monotonic clock at the first and the last event
	events, lines, disorder int
}

func (c counted) rate(n int) float64 { return float64(n) / (c.last - c.first).Seconds() }

// lineEvents measures two rates with the output of a child. First, events that reach a listener while many wait, one line in each,
// so that their number does not depend on how fast the daemon reads. Second, lines of a child that writes them one by one as fast as
// it can, until all have reached the listener; the slower the daemon reads, the more lines an event has.
func lineEvents(ctx context.Context, t *turn) error {
	if t.fixtures.listener == "" {
		return errors.New("there is no C compiler to build the listener with")
	}
	events := or(t.settings.quick, 5_000, 30_000)
	if t.who == baseline {
		return t.eventBaseline(ctx, events)
	}
	if t.wants("events/log") {
		c, err := t.countLines(ctx, events, true)
		if err != nil {
			return err
		}
		t.add("events/log", c.rate(c.events))
		t.add("events/log/disorder", float64(c.disorder))
	}
	if t.wants("events/log/lines") {
		c, err := t.countLines(ctx, or(t.settings.quick, 50_000, 500_000), false)
		if err != nil {
			return err
		}
		t.add("events/log/lines", c.rate(c.lines))
	}
	return nil
}

// countLines has a child write lines. With wait, the listener is started when all have been read.
func (t *turn) countLines(ctx context.Context, lines int, wait bool) (c counted, err error) {
	args := []string{strconv.Itoa(lines * lineLength), strconv.Itoa(lineLength)}
	if wait {
		args = append(args, "paced")
	}
	d, result, err := t.launchListening(ctx, 1, lines, "PROCESS_LOG", !wait, args, "stdout_events_enabled=true")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := syscall.Kill(d.alive[0].pid, syscall.SIGUSR1); err != nil {
		return c, err
	}
	if wait {
		if _, err := d.await(ctx, 2); err != nil {
			return c, err
		}
		if _, err := d.call(ctx, "supervisor.startProcess", "l", "false"); err != nil {
			return c, d.explain(err)
		}
	}
	return d.awaitCounted(ctx, result)
}

// eventBaseline measures a C program that sends lines to the same listener.
func (t *turn) eventBaseline(ctx context.Context, events int) error {
	dir, err := t.newDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	result := filepath.Join(dir, "counted")
	cmd := exec.CommandContext(ctx, t.fixtures.events, strconv.Itoa(events), t.fixtures.listener, result, "0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the baseline of events: %w\n%s", err, out)
	}
	c, err := readCounted(result)
	if err == nil {
		t.add("events/log", c.rate(c.events))
	}
	return err
}

// stateEvents measures the events of repeated starts and stops of a hundred programs.
func stateEvents(ctx context.Context, t *turn) (err error) {
	if t.fixtures.listener == "" {
		return errors.New("there is no C compiler to build the listener with")
	}
	const programs = 100
	if t.who == baseline {
		return t.stateBaseline(ctx, programs)
	}
	d, result, err := t.launchListening(ctx, programs, 0, "PROCESS_STATE,REMOTE_COMMUNICATION", true, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for range or(t.settings.quick, 2, 5) {
		if err := d.restartAll(ctx); err != nil {
			return d.explain(err)
		}
	}
	if _, err := d.call(ctx, "supervisor.sendRemoteCommEvent", "end", ""); err != nil {
		return err
	}
	c, err := d.awaitCounted(ctx, result)
	if err != nil {
		return err
	}
	t.add("events/state", c.rate(c.events))
	t.add("events/state/disorder", float64(c.disorder))
	return nil
}

// stateBaseline measures the rate of these events with the baseline, which makes only the system calls: four for each process of each
// round, STOPPING, STOPPED, STARTING and RUNNING.
func (t *turn) stateBaseline(ctx context.Context, programs int) (err error) {
	d, err := t.launch(ctx, load{programs: programs})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	rounds := or(t.settings.quick, 2, 5)
	from := now()
	for range rounds {
		if err := syscall.Kill(d.pid, syscall.SIGUSR1); err != nil {
			return err
		}
		if _, err := d.await(ctx, programs); err != nil {
			return err
		}
	}
	t.add("events/state", float64(4*programs*rounds)/(now()-from).Seconds())
	return nil
}

// restartAll stops all programs and starts them, without wait=true in the calls: it checks itself that the children have exited and
// that the new ones have reported.
func (d *daemon) restartAll(ctx context.Context) error {
	if _, err := d.call(ctx, "supervisor.stopProcessGroup", "p", "false"); err != nil {
		return err
	}
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for _, child := range d.alive {
		for syscall.Kill(child.pid, 0) == nil {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return fmt.Errorf("process %d does not exit: %w", child.pid, context.Cause(ctx))
			}
		}
	}
	if _, err := d.call(ctx, "supervisor.startProcessGroup", "p", "false"); err != nil {
		return err
	}
	var err error
	d.alive, err = d.await(ctx, d.load.programs)
	return err
}

// tickEvents measures the processor time per tick of a daemon with a thousand programs and a listener of ticks.
func tickEvents(ctx context.Context, t *turn) (err error) {
	if t.fixtures.listener == "" {
		return errors.New("there is no C compiler to build the listener with")
	}
	d, _, err := t.launchListening(ctx, 1000, 0, "TICK_5", true, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := wait(ctx, or(t.settings.quick, 500*time.Millisecond, 2*time.Second)); err != nil {
		return err
	}
	before, err := onCPU(d.pid)
	if err != nil {
		return err
	}
	ticks := or(t.settings.quick, 1, 3)
	if err := wait(ctx, time.Duration(ticks)*5*time.Second); err != nil {
		return err
	}
	after, err := onCPU(d.pid)
	if err != nil {
		return err
	}
	t.add("events/tick/1000", milliseconds(after-before)/float64(ticks))
	return nil
}

// launchListening is launch with an event listener, the same for all contenders, whose buffer never overflows, and which may be
// started later. It returns the path of the listener's result.
func (t *turn) launchListening(ctx context.Context, programs, lines int, events string, start bool,
	childArgs []string, extra ...string) (d *daemon, result string, err error) {
	result = filepath.Join(t.base, fmt.Sprintf("counted%d", t.turns))
	extra = append(extra, "startsecs=0", "stdout_logfile=NONE", "[eventlistener:l]",
		fmt.Sprintf("command=%s %s %d", t.fixtures.listener, result, lines),
		"events="+events, "buffer_size=1000000", "startsecs=0", "stdout_logfile=NONE", "stderr_logfile=NONE",
		fmt.Sprintf("autostart=%t", start))
	if d, err = t.launch(ctx, load{programs: programs, args: childArgs, extra: extra}); err != nil {
		return nil, "", err
	}
	if start {
		d.load.listeners = 1
	}
	if err := d.awaitRunning(ctx); err != nil {
		return nil, "", errors.Join(err, d.close())
	}
	return d, result, nil
}

// awaitCounted waits for the result of the listener.
func (d *daemon) awaitCounted(ctx context.Context, path string) (counted, error) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		c, err := readCounted(path)
		if !errors.Is(err, os.ErrNotExist) {
			return c, err
		}
		select {
		case <-ticker.C:
		case <-d.reaped:
			return c, d.explain(errDaemonExited)
		case <-ctx.Done():
			return c, d.explain(fmt.Errorf("the listener does not get all events: %w", context.Cause(ctx)))
		}
	}
}

func readCounted(path string) (c counted, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	if _, err := fmt.Sscan(string(data), &c.first, &c.last, &c.events, &c.lines, &c.disorder); err != nil {
		return c, fmt.Errorf("the listener counted %q: %w", data, err)
	}
	return c, nil
}
