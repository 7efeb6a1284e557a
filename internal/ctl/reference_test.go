package ctl

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	referenceDaemon = "/usr/bin/supervisord"
	referenceCtl    = "/usr/bin/supervisorctl"
)

const referenceConfig = `[supervisord]
logfile=%(here)s/sd.log
pidfile=%(here)s/sd.pid
childlogdir=%(here)s
[unix_http_server]
file=%(here)s/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://%(here)s/s.sock
[program:cat]
command=/bin/cat
startsecs=0
[program:manual]
command=/bin/cat
autostart=false
startsecs=0
priority=77
[program:loud]
command=/bin/sh -c "echo out; echo err >&2; exec cat"
startsecs=0
[program:quiet]
command=/bin/cat
stdout_logfile=NONE
stderr_logfile=NONE
startsecs=0
[program:missing]
command=/no/such/program
autostart=false
[program:notexec]
command=/etc
autostart=false
[program:dies]
command=/bin/false
autostart=false
startsecs=5
startretries=0
[program:one]
command=/bin/cat
startsecs=0
[program:two]
command=/bin/cat
startsecs=0
[group:g]
programs=one,two
`

// reference is a daemon with its own directory, usually the original.
type reference struct {
	dir, config string
	forker      func() (*forker, error) // of the test
}

// startReference starts the original's daemon, or skips the test.
func startReference(t *testing.T) reference {
	t.Helper()
	if os.Getenv("SUPERVISOR_REFERENCE") == "0" {
		t.Skip("SUPERVISOR_REFERENCE=0")
	}
	if testing.Short() {
		t.Skip("the original is slow to start")
	}
	if _, err := os.Stat(referenceDaemon); err != nil {
		t.Skip("the original is not installed: ", err)
	}
	return startDaemon(t, referenceDaemon)
}

// startDaemon starts a daemon with its own directory and waits until its programs run.
func startDaemon(t *testing.T, program string) reference {
	t.Helper()
	dir, err := os.MkdirTemp("", "ctl") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := reference{dir, filepath.Join(dir, "sd.conf"), sync.OnceValues(newForker)}
	r.write(t, referenceConfig)
	daemon := exec.Command(program, "-n", "-c", r.config)
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		daemon.Process.Signal(syscall.SIGTERM)
		daemon.Wait()
	})
	lines := bufio.NewScanner(out)
	for entered := 0; entered < 5 && lines.Scan(); { // five programs have autostart
		if strings.Contains(lines.Text(), "entered RUNNING state") {
			entered++
		}
	}
	go func() { // the pipe must not fill up
		for lines.Scan() {
			continue
		}
	}()
	r.waitForLog(t, "loud")
	return r
}

func (r reference) write(t *testing.T, config string) {
	t.Helper()
	if err := os.WriteFile(r.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// waitForLog waits until both logs of a program have output.
func (r reference) waitForLog(t *testing.T, program string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(20 * time.Second)
	for {
		out, _, _ := r.ours("tail", program)
		err, _, _ := r.ours("tail", program, "stderr")
		if strings.Contains(out, "out") && strings.Contains(err, "err") {
			return
		}
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("no output of %s: %q, %q", program, out, err)
		}
	}
}

func (r reference) url() string { return "unix://" + r.dir + "/s.sock" }

// ours runs a command of our supervisorctl.
func (r reference) ours(words ...string) (out, stderr string, status int) {
	return runOurs(r.url(), "", words...)
}

func runOurs(url, input string, words ...string) (out, stderr string, status int) {
	var o, e bytes.Buffer
	c := New(Options{ServerURL: url, Prompt: "supervisor", In: strings.NewReader(input), Out: &o, Err: &e})
	if len(words) == 0 {
		status = c.Shell()
	} else {
		status = c.Run(words)
	}
	return o.String(), e.String(), status
}

// theirs runs a command of the original's supervisorctl.
func (r reference) theirs(t *testing.T, url, input string, words ...string) (out, stderr string, status int) {
	t.Helper()
	return r.with(t, referenceCtl, url, input, words...)
}

// with runs a command of any supervisorctl.
func (r reference) with(t *testing.T, ctl, url, input string, words ...string) (out, stderr string, status int) {
	t.Helper()
	args := append([]string{"-c", r.config, "-s", url}, words...)
	if ctl == referenceCtl {
		f, err := r.forker()
		if err != nil {
			t.Fatal(err)
		}
		return f.run(t, input, args)
	}
	cmd := exec.Command(ctl, args...)
	var o, e bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &o, &e
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

var (
	pids    = regexp.MustCompile(`pid \d+, uptime \d+:\d\d:\d\d`)
	stopped = regexp.MustCompile(`[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M`)
	numbers = regexp.MustCompile(`(?m)^[1-9]\d*$`)
	// moreTopics is the second table of help, which the original does not have.
	moreTopics = regexp.MustCompile(`more commands \(type help <topic>\):\n=+\n(?:.+\n)+\n`)
	errorEnd   = regexp.MustCompile(
		`(?m)^(error: <class '[^']*'>, .*): (?:file: .* line: \d+|unix://.*|http://.*|bogus.*)$`)
)

// normal removes what differs from run to run, and the end of error lines.
func normal(text string) string {
	text = pids.ReplaceAllString(text, "pid N, uptime T")
	text = stopped.ReplaceAllString(text, "TIME")
	text = numbers.ReplaceAllString(text, "N")
	text = moreTopics.ReplaceAllString(text, "")
	return sortRuns(errorEnd.ReplaceAllString(text, "$1: WHERE"))
}

// sortRuns sorts adjacent lines with the same result, whose order is that in which the processes were started or stopped.
func sortRuns(text string) string {
	lines := strings.SplitAfter(text, "\n")
	result := func(line string) string {
		for _, word := range []string{": started\n", ": stopped\n"} {
			if strings.HasSuffix(line, word) {
				return word
			}
		}
		return ""
	}
	for i := 0; i < len(lines); {
		j := i + 1
		for result(lines[i]) != "" && j < len(lines) && result(lines[j]) == result(lines[i]) {
			j++
		}
		slices.Sort(lines[i:j])
		i = j
	}
	return strings.Join(lines, "")
}

// TestSameAsReference compares output and exit status of each command with the original's on the same daemon, whose processes
// are reset after commands that start or stop some.
func TestSameAsReference(t *testing.T) {
	t.Parallel()
	r := startReference(t)
	for _, line := range []string{
		"status", "status all", "status cat", "status cat nope", "status nope", "status nope:*", "status g", "status g:*",
		"status g:", "status g:one cat g:one", "status cat:cat", "status manual", "status nope manual", "status :x",
		"status :", "status nope all",
		"pid", "pid cat", "pid nope", "pid manual", "pid all", "pid g:one cat", "pid g:*", "pid nope cat",
		"version", "version x", "avail", "avail x",
		"start", "start cat", "start manual", "stop manual", "start nope", "start nope:*", "start missing",
		"start notexec", "start dies", "start g:*", "signal CONT all nope", "start cat nope manual", "start cat:cat", "start :x",
		"stop", "stop nope", "stop nope:*", "stop g:one", "stop g:*", "stop g:", "stop all", "stop cat nope manual",
		"restart", "restart cat", "restart nope", "restart g:* cat", "restart nope:*", "restart manual",
		"signal", "signal HUP", "signal CONT cat", "signal cont cat", "signal 18 cat", "signal BOGUS cat",
		"signal CONT nope", "signal CONT nope:*", "signal CONT g:*", "signal CONT manual", "signal CONT all",
		"signal BOGUS g:*",
		"tail", "tail a b c d", "tail -5", "tail -x loud", "tail loud", "tail loud stderr", "tail loud STDERR",
		"tail loud foo", "tail -3 loud", "tail -0 loud", "tail --2 loud", "tail nope", "tail quiet", "tail g:*",
		"tail quiet stderr", "tail loud -5", "tail - loud", "tail -5 loud stderr x",
		"maintail x", "maintail a b", "maintail -x", "maintail -0", "maintail -40", "maintail",
		"clear", "clear loud", "clear nope", "clear nope loud", "clear all", "tail loud",
		"reread", "reread x", "update", "update all", "update nope", "update nope cat", "update x",
		"add", "add cat", "add nope", "add cat nope", "remove", "remove cat", "remove nope",
		"shutdown x", "reload x", "open", "open bogus:x", "open ftp://x", "open unix:///no/such/s.sock",
		"help", "help help", "help nosuch", "help EOF", "help start stop", "?start", "?", "? status",
		"quit", "exit", "EOF", "STATUS", "stat", "!ls", ".x", "status_x", "tail-3 loud", "", " ",
	} {
		check(t, r, r.url(), line)
	}
}

// reset undoes what a command may have started or stopped.
func (r reference) reset(line string) {
	if word, _, _ := parse(line); word == "start" || word == "stop" || word == "restart" {
		r.ours("stop", "manual", "dies")
		r.ours("start", "cat", "loud", "quiet", "g:*")
	}
}

func check(t *testing.T, r reference, url, line string) {
	t.Helper()
	wantOut, wantErr, wantStatus := r.theirs(t, url, "", line)
	r.reset(line)
	out, stderr, status := runOurs(url, "", line)
	r.reset(line)
	if diff := cmp.Diff(normal(wantOut), normal(out)); diff != "" {
		t.Errorf("%q: output: -original +ours\n%s", line, diff)
	}
	if diff := cmp.Diff(normal(wantErr), normal(stderr)); diff != "" {
		t.Errorf("%q: standard error: -original +ours\n%s", line, diff)
	}
	if status != wantStatus {
		t.Errorf("%q: exit status %d, the original's is %d", line, status, wantStatus)
	}
}

// TestSameWithoutServer compares lines and statuses if there is no server.
func TestSameWithoutServer(t *testing.T) {
	t.Parallel()
	r := startReference(t)
	plain := filepath.Join(r.dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for url, lines := range map[string][]string{
		"unix://" + r.dir + "/none.sock": {"status", "pid", "version", "start cat", "restart cat", "tail cat", "clear cat",
			"shutdown", "reload", "reread", "update", "avail", "add x", "remove x", "add", "start", "version x"},
		"unix://" + plain:    {"status", "signal HUP cat", "maintail", "shutdown", "reload"},
		"http://127.0.0.1:1": {"status", "stop cat", "shutdown", "update"},
		"bogus:x":            {"status", "start", "shutdown", "add x", "help add"},
	} {
		for _, line := range lines {
			check(t, r, url, line)
		}
	}
}

// TestSameChanges compares reread and update. The configuration is restored between the two programs.
func TestSameChanges(t *testing.T) {
	t.Parallel()
	r := startReference(t)
	changed := strings.Replace(referenceConfig, "[program:manual]", "[program:new]", 1)
	changed = strings.Replace(changed, "[program:quiet]\ncommand=/bin/cat", "[program:quiet]\ncommand=/bin/cat -u", 1)
	before := referenceConfig
	for _, config := range []string{changed, referenceConfig, changed + "[program:bad]\n"} {
		var out [2]string
		for i := range out {
			r.write(t, config)
			for _, line := range []string{"reread", "avail", "update nope", "update new", "update", "status"} {
				if strings.Contains(config, "[program:bad]") && strings.HasPrefix(line, "update") {
					continue // differs on purpose
				}
				var text string
				var status int
				if i == 0 {
					text, _, status = r.theirs(t, r.url(), "", line)
				} else {
					text, _, status = r.ours(line)
				}
				out[i] += fmt.Sprintf("$ %s\n%s= %d\n", line, normal(text), status)
			}
			if i == 0 { // undo
				r.write(t, before)
				r.ours("update")
			}
		}
		before = config
		if diff := cmp.Diff(out[0], out[1]); diff != "" {
			t.Errorf("-original +ours\n%s", diff)
		}
	}
}

// TestSameShell compares sessions with commands from standard input.
func TestSameShell(t *testing.T) {
	t.Parallel()
	r := startReference(t)
	helps := ""
	for _, cmd := range commands {
		helps += "help " + cmd.name + "\n"
	}
	for _, input := range []string{helps, "", "\n\n", "pid\nversion\n", "status nope\nquit\npid\n", "bogus\nhelp",
		"exit\n", "EOF\n", "open unix:///no/such\nstatus\n", "  version  \n"} {
		wantOut, _, wantStatus := r.theirs(t, r.url(), input)
		out, _, status := runOurs(r.url(), input)
		if diff := cmp.Diff(normal(wantOut), normal(out)); diff != "" || status != wantStatus {
			t.Errorf("%q: status %d and %d, output: -original +ours\n%s", input, wantStatus, status, diff)
		}
	}
}

// TestFollowReference follows a log of the original. It begins with the present content and ends when the daemon is shut down.
func TestFollowReference(t *testing.T) {
	t.Parallel()
	r := startReference(t)
	read, write := net.Pipe()
	c := New(Options{ServerURL: r.url(), Out: write, Err: write})
	done := make(chan int, 1)
	go func() {
		done <- c.Run([]string{"tail", "-f", "loud"})
		write.Close()
	}()
	lines := bufio.NewScanner(read)
	for _, want := range []string{"==> Press Ctrl-C to exit <==", "out"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("%q, not %q", lines.Text(), want)
		}
	}
	if out, _, status := r.ours("shutdown"); out != "Shut down\n" || status != 0 {
		t.Errorf("%q, %d", out, status)
	}
	if lines.Scan() {
		t.Errorf("more: %q", lines.Text())
	}
	if status := <-done; status != 0 {
		t.Errorf("exit status %d", status)
	}
}
