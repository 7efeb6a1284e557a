package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/supervisorctl/client"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// timeout bounds every operation of a daemon.
const timeout = time.Minute

// daemon is one of the two.
type daemon struct {
	dir     string
	ctl     string        // path of supervisorctl
	quiet   time.Duration // without a change for so long, it has settled
	cmd     *exec.Cmd
	client  *client.Client
	ended   chan struct{}
	infos   []client.ProcessInfo // when it had settled last
	problem error                // of its exit

	restarted bool
}

// environ is the environment of all programs.
var environ = []string{"PATH=/usr/bin:/bin", "HOME=/", "LC_ALL=C.UTF-8"}

// start starts a daemon and waits until it has settled. The original checks its children once a second.
func start(ctx context.Context, p installation, dir, config string, original bool) (*daemon, error) {
	d := &daemon{dir: dir, ctl: p.ctl, quiet: 300 * time.Millisecond, ended: make(chan struct{})}
	if original {
		d.quiet = 1300 * time.Millisecond
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := d.write(config); err != nil {
		return nil, err
	}
	output, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		return nil, err
	}
	defer output.Close()
	if d.client, err = client.New("unix://"+filepath.Join(dir, "s"), "", ""); err != nil {
		return nil, err
	}
	d.cmd = exec.CommandContext(ctx, p.daemon, "-c", filepath.Join(dir, "sd.conf"))
	d.cmd.Cancel = func() error { return d.cmd.Process.Signal(syscall.SIGTERM) }
	d.cmd.Env, d.cmd.Dir = environ, dir
	d.cmd.Stdout, d.cmd.Stderr = output, output
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		d.problem = d.cmd.Wait()
		close(d.ended)
	}()
	if _, err := d.settle(ctx); err != nil {
		d.end()
		text, _ := os.ReadFile(output.Name())
		return nil, fmt.Errorf("%s does not start: %w\n%s\n%s", p.daemon, err, text, config)
	}
	return d, nil
}

// write writes the configuration.
func (d *daemon) write(config string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text := strings.NewReplacer("SELF", self+" "+childArgument, "RECORD", self+" "+recordArgument, "DIR", d.dir).Replace(config)
	return os.WriteFile(filepath.Join(d.dir, "sd.conf"), []byte(text), 0o644)
}

// poll calls done until it is true.
func (d *daemon) poll(ctx context.Context, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-d.ended:
			return errors.New("the daemon has exited")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// settle waits, also across a restart, until nothing changes any more, and returns the states of the processes.
func (d *daemon) settle(ctx context.Context) (any, error) {
	var since time.Time
	err := d.poll(ctx, func() bool {
		infos, err := d.client.AllProcessInfo(ctx)
		if err != nil {
			return false
		}
		moving := slices.ContainsFunc(infos, func(p client.ProcessInfo) bool {
			return slices.Contains([]string{"STARTING", "STOPPING", "BACKOFF"}, p.StateName)
		})
		if moving || since.IsZero() || !reflect.DeepEqual(fingerprint(infos), fingerprint(d.infos)) {
			since, d.infos = time.Now(), infos
		}
		return time.Since(since) >= d.quiet
	})
	if err != nil {
		return nil, err
	}
	return d.call(ctx, call{method: "supervisor.getAllProcessInfo"}), nil
}

// fingerprint returns the states and process ids. Unlike the whole information they are constant while nothing happens.
func fingerprint(infos []client.ProcessInfo) (list []string) {
	for _, p := range infos {
		list = append(list, fmt.Sprint(p.Group, ":", p.Name, " ", p.StateName, " ", p.PID))
	}
	return list
}

// names returns the group and name of each process but the recorder.
func (d *daemon) names() (names [][2]string) {
	for _, p := range d.infos {
		if p.Group != recorder {
			names = append(names, [2]string{p.Group, p.Name})
		}
	}
	return names
}

// call calls a method or runs a command, and returns the normalized result: a value, or the text of an error.
func (d *daemon) call(ctx context.Context, c call) any {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	d.restarted = d.restarted || c.signal == syscall.SIGHUP || c.method == "supervisor.restart" || slices.Equal(c.command, []string{"reload"})
	if c.command != nil {
		cmd := exec.CommandContext(ctx, d.ctl, slices.Concat([]string{"-c", filepath.Join(d.dir, "sd.conf")}, c.command)...)
		cmd.Env, cmd.Dir = environ, d.dir
		output, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			return err.Error()
		}
		return d.normalizeOutput(c.command[0], cmd.ProcessState.ExitCode(), string(output))
	}
	if c.signal != 0 {
		return d.cmd.Process.Signal(c.signal)
	}
	var answer any
	if err := d.client.Call(ctx, &answer, c.method, c.args...); err != nil {
		first, _, _ := strings.Cut(d.normalize(err.Error()), "\n") // ours goes on with the location of the error
		return first
	}
	return d.normalizeAnswer(c.method, answer)
}

// events returns the events that the recorder received, sorted, each once. It starts the recorder if the session stopped it.
func (d *daemon) events(ctx context.Context) ([]string, error) {
	const last = "the last event"
	if _, err := d.client.StartProcess(ctx, recorder, true); err != nil && !strings.Contains(err.Error(), "ALREADY_STARTED") {
		return nil, err
	}
	if err := d.client.SendRemoteCommEvent(ctx, recorder, last); err != nil {
		return nil, err
	}
	var text string
	err := d.poll(ctx, func() bool {
		data, err := os.ReadFile(filepath.Join(d.dir, "events"))
		text = string(data)
		return err == nil && strings.Contains(text, last)
	})
	if err != nil {
		return nil, fmt.Errorf("the last event was not received: %w", err)
	}
	bySerial := map[string]string{}
	for line := range strings.Lines(text) {
		if strings.Contains(line, last) {
			break // the other listener may have received it, too, and cause more events, but too late
		}
		serial, event, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case strings.HasSuffix(event, `channel:stdout\nnote"`): // DIFF-85
		case d.restarted && strings.HasPrefix(event, "PROCESS_STATE_STOP"): // the number before the recorder exits varies
		default:
			bySerial[serial] = d.normalize(event)
		}
	}
	return slices.Sorted(maps.Values(bySerial)), nil
}

// record is an event listener that appends the serial, name and payload of each event to the file, as a line.
func record(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	return childutils.NewListener(os.Stdin, os.Stdout).Each(func(e childutils.Event) error {
		_, err := fmt.Fprintf(file, "%s %s %q\n", e.Header["serial"], e.Name(), e.Payload)
		return err
	})
}

// end stops the daemon and returns its exit status.
func (d *daemon) end() string {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err.Error()
	}
	select {
	case <-d.ended:
	case <-time.After(timeout):
		return errors.Join(errors.New("the daemon does not exit"), d.cmd.Process.Kill()).Error()
	}
	if d.problem != nil {
		return d.problem.Error()
	}
	return "0"
}
