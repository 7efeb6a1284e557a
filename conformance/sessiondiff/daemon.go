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

// patience is how long a daemon may take to do anything.
const patience = time.Minute

// daemon is one of the two.
type daemon struct {
	dir     string
	ctl     string        // path of supervisorctl
	quiet   time.Duration // nothing comes after nothing has come for so long
	cmd     *exec.Cmd
	client  *client.Client
	ended   chan struct{}
	infos   []client.ProcessInfo // when it was at rest
	problem error                // of the end

	restarted bool
}

// surroundings is the environment of all programs.
var surroundings = []string{"PATH=/usr/bin:/bin", "HOME=/", "LC_ALL=C.UTF-8"}

// start starts a daemon and waits until it is at rest. The original looks at its children once a second.
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
	d.cmd.Env, d.cmd.Dir = surroundings, dir
	d.cmd.Stdout, d.cmd.Stderr = output, output
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		d.problem = d.cmd.Wait()
		close(d.ended)
	}()
	if _, err := d.rest(ctx); err != nil {
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
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-d.ended:
			return errors.New("it has ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// rest waits, over a restart too, until nothing changes any more, and returns what the processes are then.
func (d *daemon) rest(ctx context.Context) (any, error) {
	var since time.Time
	err := d.poll(ctx, func() bool {
		infos, err := d.client.AllProcessInfo(ctx)
		if err != nil {
			return false
		}
		moving := slices.ContainsFunc(infos, func(p client.ProcessInfo) bool {
			return slices.Contains([]string{"STARTING", "STOPPING", "BACKOFF"}, p.StateName)
		})
		if moving || since.IsZero() || !reflect.DeepEqual(moments(infos), moments(d.infos)) {
			since, d.infos = time.Now(), infos
		}
		return time.Since(since) >= d.quiet
	})
	if err != nil {
		return nil, err
	}
	return d.call(ctx, call{method: "supervisor.getAllProcessInfo"}), nil
}

// moments are the states and process ids, which change when something happens, but not all the time.
func moments(infos []client.ProcessInfo) (list []string) {
	for _, p := range infos {
		list = append(list, fmt.Sprint(p.Group, ":", p.Name, " ", p.StateName, " ", p.PID))
	}
	return list
}

// names are the processes that there are, but for the recorder, by group and name.
func (d *daemon) names() (names [][2]string) {
	for _, p := range d.infos {
		if p.Group != recorder {
			names = append(names, [2]string{p.Group, p.Name})
		}
	}
	return names
}

// call calls a method or a command and returns what it answers, made even: a value, or the text of an error.
func (d *daemon) call(ctx context.Context, c call) any {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d.restarted = d.restarted || c.signal == syscall.SIGHUP || c.method == "supervisor.restart" || slices.Equal(c.command, []string{"reload"})
	if c.command != nil {
		cmd := exec.CommandContext(ctx, d.ctl, slices.Concat([]string{"-c", filepath.Join(d.dir, "sd.conf")}, c.command)...)
		cmd.Env, cmd.Dir = surroundings, d.dir
		output, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			return err.Error()
		}
		return d.evenOutput(c.command[0], cmd.ProcessState.ExitCode(), string(output))
	}
	if c.signal != 0 {
		return d.cmd.Process.Signal(c.signal)
	}
	var answer any
	if err := d.client.Call(ctx, &answer, c.method, c.args...); err != nil {
		first, _, _ := strings.Cut(d.even(err.Error()), "\n") // ours goes on with the place of the error
		return first
	}
	return d.evenAnswer(c.method, answer)
}

// events are the events that the recorder got, each once, in no order. It is started again if the session stopped it.
func (d *daemon) events(ctx context.Context) ([]string, error) {
	const last = "the last one"
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
		return nil, fmt.Errorf("the last event did not come: %w", err)
	}
	bySerial := map[string]string{}
	for line := range strings.Lines(text) {
		if strings.Contains(line, last) {
			break // the other listener may have been told, too, and what it does then is too late
		}
		serial, event, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case strings.HasSuffix(event, `channel:stdout\ntold"`): // DIFF-85
		case d.restarted && strings.HasPrefix(event, "PROCESS_STATE_STOP"): // how many come before the recorder ends is open
		default:
			bySerial[serial] = d.even(event)
		}
	}
	return slices.Sorted(maps.Values(bySerial)), nil
}

// record is an event listener that appends a line about each event to the file: its serial, its name, its payload.
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
	case <-time.After(patience):
		return errors.Join(errors.New("it does not end"), d.cmd.Process.Kill()).Error()
	}
	if d.problem != nil {
		return d.problem.Error()
	}
	return "0"
}
