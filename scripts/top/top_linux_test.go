package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const config = `[supervisord]
logfile=%[1]s/log
pidfile=%[1]s/pid
childlogdir=%[1]s
[unix_http_server]
file=%[1]s/s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://%[1]s/s
[program:web]
command=sh -c 'echo web is up; exec sleep 1000'
[program:worker]
command=sleep 1000
numprocs=3
process_name=%%(program_name)s_%%(process_num)02d
[program:db]
command=sleep 1000
[program:bad]
command=false
startretries=0
[group:app]
programs=db,bad
[program:flood]
command=yes a line of a program that writes as fast as it can
autostart=false
stdout_logfile_maxbytes=1MB
stdout_logfile_backups=1
`

// terminal is tmux with a supervisord beside it.
type terminal struct {
	*testing.T
	dir     string
	daemon  *exec.Cmd
	bin     string
	changed chan struct{} // there is output on the screen; closed at the end
}

// open starts a supervisord, and a shell in a terminal of that size with that environment.
func open(t *testing.T, daemon string, width, height int, environment string) *terminal {
	t.Helper()
	return openWith(t, daemon, config, width, height, environment)
}

func openWith(t *testing.T, daemon, config string, width, height int, environment string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed: ", err)
	}
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "top")
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{T: t, dir: dir, bin: bin}
	t.Cleanup(func() { os.RemoveAll(dir) })
	x.write("sd.conf", fmt.Sprintf(config, dir))
	x.write("bashrc", "PS1='$ '\nexport PATH="+bin+":$PATH\n")
	x.start(daemon)
	t.Cleanup(func() { x.stop(unix.SIGTERM) })
	out, err := x.tmux("-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height),
		"cd "+dir+" && "+environment+" bash --noprofile --rcfile bashrc -i")
	if err != nil {
		t.Fatal(err, out)
	}
	t.Cleanup(func() { x.tmux("kill-server") })
	x.watch()
	x.await("a prompt", func(screen string) bool { return strings.HasPrefix(screen, "$") })
	return x
}

func (x *terminal) write(name, text string) {
	x.Helper()
	if err := os.WriteFile(filepath.Join(x.dir, name), []byte(text), 0o600); err != nil {
		x.Fatal(err)
	}
}

func (x *terminal) start(daemon string) {
	x.Helper()
	x.daemon = exec.Command(daemon, "-n", "-c", filepath.Join(x.dir, "sd.conf"))
	out, err := x.daemon.StdoutPipe()
	if err == nil {
		err = x.daemon.Start()
	}
	if err != nil {
		x.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "supervisord started with pid") { // it has opened its socket
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
	}
	x.Fatal("supervisord has ended: ", x.daemon.Wait())
}

// watch has tmux report output. The client that gets the reports does not count for the size of the terminal.
func (x *terminal) watch() {
	x.Helper()
	x.changed = make(chan struct{}, 1)
	client := exec.Command("tmux", "-S", filepath.Join(x.dir, "tmux"), "-C", "attach-session", "-f", "ignore-size")
	in, err := client.StdinPipe()
	if err != nil {
		x.Fatal(err)
	}
	out, err := client.StdoutPipe()
	if err == nil {
		err = client.Start()
	}
	if err != nil {
		x.Fatal(err)
	}
	x.Cleanup(func() {
		in.Close()
		for range x.changed { // until it has ended
		}
		_ = client.Wait()
	})
	go func() {
		defer close(x.changed)
		reports := bufio.NewReader(out)
		for {
			if _, err := reports.ReadString('\n'); err != nil {
				return
			}
			select {
			case x.changed <- struct{}{}:
			default:
			}
		}
	}()
}

func (x *terminal) stop(s unix.Signal) {
	_ = x.daemon.Process.Signal(s)
	_ = x.daemon.Wait()
}

func (x *terminal) tmux(args ...string) (string, error) {
	cmd := exec.Command("tmux", append([]string{"-S", filepath.Join(x.dir, "tmux")}, args...)...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// keys sends keys by tmux's names.
func (x *terminal) keys(keys ...string) {
	x.Helper()
	if out, err := x.tmux(append([]string{"send-keys"}, keys...)...); err != nil {
		x.Fatal(err, out)
	}
}

func (x *terminal) screen() string {
	out, err := x.tmux("capture-pane", "-p")
	if err != nil {
		x.Fatal(err, out)
	}
	return out
}

// await waits until the screen is as wanted, and returns it.
func (x *terminal) await(what string, wanted func(screen string) bool) (screen string) {
	x.Helper()
	for late := time.After(time.Minute); ; {
		if screen = x.screen(); wanted(screen) {
			return screen
		}
		select {
		case <-x.changed:
		case <-late:
			x.Fatalf("%s: in vain; the screen is\n%s", what, screen)
		}
	}
}

// sees waits until the screen contains a text.
func (x *terminal) sees(texts ...string) string {
	x.Helper()
	return x.await(strings.Join(texts, ", "), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// clearFilters presses Escape, and waits, since with a key that follows at once it is another key.
func (x *terminal) clearFilters() {
	x.Helper()
	x.keys("Escape")
	x.await("no filter", func(s string) bool { return !strings.Contains(s, "name: ") && !strings.Contains(s, "state: ") })
}

// rows are the names of the list, in order.
func rows(screen string) (names []string) {
	for line := range strings.Lines(screen) {
		if m := regexp.MustCompile(`^[* ] (\S.*?|  \S.*?) +(RUNNING|FATAL|STOPPED|STARTING|STOPPING|BACKOFF|EXITED|\d+/\d+ up)`).FindStringSubmatch(line); m != nil {
			names = append(names, strings.TrimSpace(m[1]))
		}
	}
	return names
}

func pidOf(screen, name string) string {
	if m := regexp.MustCompile(name + ` +RUNNING +(\d+)`).FindStringSubmatch(screen); m != nil {
		return m[1]
	}
	return ""
}

// TestTop uses the keys on both daemons.
// covers: OBS-20 OBS-21
func TestTop(t *testing.T) {
	for _, daemon := range []string{"../../bin/supervisord", "/usr/bin/supervisord"} {
		t.Run(filepath.Base(filepath.Dir(daemon)), func(t *testing.T) {
			if _, err := os.Stat(daemon); err != nil {
				t.Skip(err)
			}
			x := open(t, daemon, 80, 24, "LANG=C.UTF-8")
			x.keys("supervisorctl -c sd.conf top", "Enter")
			x.sees("supervisor on ", "7 processes: 1 FATAL, 5 RUNNING, 1 STOPPED", "+ worker                 3/3 up", "+ app ")
			x.keys("f")
			x.await("only what is FATAL", func(s string) bool { return fmt.Sprint(rows(s)) == "[- app bad]" })
			x.clearFilters()
			x.keys("/", "wor", "Enter")
			screen := x.await("the worker", func(s string) bool {
				return fmt.Sprint(rows(s)) == "[- worker worker_00 worker_01 worker_02]" && pidOf(s, "worker_01") != ""
			})
			before := pidOf(screen, "worker_01")
			x.keys("Down", "Down", "r")
			x.await("another pid in the same row", func(s string) bool {
				if order := fmt.Sprint(rows(s)); order != "[- worker worker_00 worker_01 worker_02]" {
					t.Error("the rows have become", order)
				}
				pid := pidOf(s, "worker_01")
				return pid != "" && pid != before
			})
			x.sees("worker:worker_01: restarted")
			x.clearFilters()
			x.keys("/", "web", "Enter", "Enter")
			x.sees("web stdout", "web is up")
			x.keys("q", "x")
			x.sees("stop web? (y/n)")
			x.keys("y")
			x.sees("web: stopped", "web                      STOPPED")
			x.keys("q")
			x.await("the prompt", func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "$") })
		})
	}
}

// TestFlood reads the log of a program that writes as fast as it can.
// covers: OBS-22
func TestFlood(t *testing.T) {
	x := open(t, "../../bin/supervisord", 80, 24, "LANG=C.UTF-8")
	x.keys("supervisorctl -c sd.conf top", "Enter")
	x.sees("flood                    STOPPED")
	x.keys("/", "flood", "Enter", "s")
	x.sees("flood                    RUNNING")
	x.keys("Enter")
	x.sees("flood stdout", "a line of a program")
	for range 20 { // the keys are answered meanwhile
		x.keys("?")
		x.sees("All pages")
		x.keys("?")
		x.sees("flood stdout")
	}
	out, err := exec.Command("pgrep", "-f", "^"+x.bin+"/supervisorctl-top$").Output()
	if err != nil {
		t.Fatal(err)
	}
	for pid := range strings.FieldsSeq(string(out)) {
		status, err := os.ReadFile("/proc/" + pid + "/status")
		if err != nil {
			continue // of another test
		}
		m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
		if kb, err := strconv.Atoi(string(m[1])); err != nil || kb > 100<<10 {
			t.Errorf("%d kB", kb)
		}
	}
	x.keys("q", "q")
	x.await("the prompt", func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "$") })
}

// TestNoColor looks at all that the terminal is sent.
// covers: OBS-23
func TestNoColor(t *testing.T) {
	x := open(t, "../../bin/supervisord", 80, 24, "LC_ALL=C NO_COLOR=1")
	if out, err := x.tmux("pipe-pane", "cat > "+x.dir+"/sent; tmux -S "+x.dir+"/tmux wait-for -S sent"); err != nil {
		t.Fatal(err, out)
	}
	x.keys("supervisorctl -c sd.conf top", "Enter")
	x.sees("7 processes", "1 FATAL")
	x.keys("l", "End")
	x.sees("worker")
	x.keys("q")
	x.await("the prompt", func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "$") })
	for _, command := range [][]string{{"pipe-pane"}, {"wait-for", "sent"}} {
		if out, err := x.tmux(command...); err != nil {
			t.Fatal(err, out)
		}
	}
	sent, err := os.ReadFile(x.dir + "/sent")
	if err != nil || len(sent) == 0 {
		t.Fatal(len(sent), err)
	}
	if color := regexp.MustCompile(`\x1b\[(\d+;)*([349][0-7]|10[0-7]|[34]8;[^m]*)m`).Find(sent); color != nil {
		t.Errorf("it is sent a color: %q", color)
	}
	for _, b := range sent {
		if b > 0x7e {
			t.Fatalf("it is sent %q", sent)
		}
	}
}

// TestSizes changes the size of the terminal.
// covers: OBS-24
func TestSizes(t *testing.T) {
	x := open(t, "../../bin/supervisord", 80, 24, "LANG=C.UTF-8")
	x.keys("supervisorctl -c sd.conf top", "Enter")
	x.sees("UPTIME")
	for _, size := range []struct{ width, height, with, without string }{
		{"40", "10", "STATE", "PID"}, {"200", "50", "UPTIME", "needs"}, {"20", "3", "top needs 40 x 10", "STATE"}, {"80", "24", "UPTIME", "needs"},
	} {
		if out, err := x.tmux("resize-window", "-x", size.width, "-y", size.height); err != nil {
			t.Fatal(err, out)
		}
		x.await(size.with, func(s string) bool { return strings.Contains(s, size.with) && !strings.Contains(s, size.without) })
	}
}

// TestLost kills supervisord and starts another one.
// covers: OBS-25
func TestLost(t *testing.T) {
	x := open(t, "../../bin/supervisord", 80, 24, "LANG=C.UTF-8")
	x.keys("supervisorctl -c sd.conf top", "Enter")
	x.sees("web                      RUNNING")
	x.keys("Down", "v")
	x.sees("flood", "Not started")
	x.keys("q")
	x.stop(unix.SIGKILL)
	x.sees("connection lost at ")
	out, err := exec.Command("pkill", "-KILL", "-P", "1", "-f", "^(sleep 1000|sh -c echo web is up)").CombinedOutput() // what it has left
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err, string(out))
	}
	if err := os.Remove(x.dir + "/s"); err != nil {
		t.Fatal(err)
	}
	x.start("../../bin/supervisord")
	x.await("the new one", func(s string) bool { return strings.Contains(s, "supervisor on ") && !strings.Contains(s, "lost") })
	x.keys("v")
	x.sees("flood", "Not started")
}

// TestTerminal ends and suspends the program, after which the terminal is as it was.
// covers: OBS-26
func TestTerminal(t *testing.T) {
	x := open(t, "../../bin/supervisord", 80, 24, "LANG=C.UTF-8")
	settings := func() string {
		x.keys("stty -a > stty; echo wri''tten; stty -a < /dev/tty > stty", "Enter")
		x.sees("written")
		x.keys("clear", "Enter")
		x.await("a prompt", func(s string) bool { return strings.TrimSpace(s) == "$" })
		text, err := os.ReadFile(x.dir + "/stty")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := settings()
	same := func(what string) {
		t.Helper()
		x.sees("$")
		if after := settings(); after != before {
			t.Errorf("after %s:\n%s\nbefore\n%s", what, after, before)
		}
	}
	x.keys("TERM=dumb supervisorctl -c sd.conf top", "Enter")
	x.sees("ERROR: top needs a terminal (see status --watch)")
	x.keys("supervisorctl -c sd.conf top < /dev/null; clear; supervisorctl -c sd.conf top", "Enter")
	x.sees("7 processes")
	x.keys("C-z")
	x.sees("Stopped", "supervisorctl -c sd.conf top", "$")
	same("Ctrl-Z")
	x.keys("fg", "Enter")
	x.sees("7 processes")
	x.keys("C-c")
	x.await("the prompt", func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "$") })
	same("Ctrl-C")
	x.keys("supervisorctl -c sd.conf top & sleep 0; fg", "Enter")
	x.sees("7 processes")
	x.keys("C-c")
	x.await("the prompt", func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "$") })
	x.keys("clear; echo $$ > shell; supervisorctl -c sd.conf top; echo ended $?", "Enter")
	x.sees("7 processes")
	shell, err := os.ReadFile(x.dir + "/shell")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pgrep", "-P", strings.TrimSpace(string(shell))).Output()
	if err != nil {
		t.Fatal(err)
	}
	ctl := strings.TrimSpace(string(out))
	if out, err = exec.Command("pkill", "-TERM", "-P", ctl).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	x.sees("ended 143")
	x.keys("clear", "Enter")
	x.await("a prompt", func(s string) bool { return strings.TrimSpace(s) == "$" })
	same("SIGTERM")
}

// TestRole uses a server on which clients may only read.
// covers: OBS-27
func TestRole(t *testing.T) {
	x := openWith(t, "../../bin/supervisord", strings.Replace(config, "[rpcinterface", "access=read\n[rpcinterface", 1), 80, 24, "LANG=C.UTF-8")
	x.keys("supervisorctl -c sd.conf top", "Enter")
	screen := x.sees("web                      RUNNING", "enter log")
	if strings.Contains(screen, "x stop") || strings.Contains(screen, "r restart") {
		t.Errorf("actions are offered:\n%s", screen)
	}
	x.keys("/", "web", "Enter", "x", "r", "h")
	x.sees("history of web", "STARTING -> RUNNING")
	x.keys("h")
	x.sees("web                      RUNNING")
}
