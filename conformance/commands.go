package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

type command = func(ts *testscript.TestScript, neg bool, args []string)

func commands() map[string]command {
	named := map[string]command{
		"config": cmdConfig, "daemon": cmdDaemon, "startfails": cmdStartfails, "usageerror": cmdUsageerror,
		"refuse": cmdRefuse, "waitdaemon": cmdWaitdaemon, "stopdaemon": cmdStopdaemon, "leftover": cmdLeftover,
		"ctl": cmdCtl, "waitctl": cmdWaitctl, "shell": cmdShell, "rpc": cmdRPC, "waitrpc": cmdWaitrpc, "http": cmdHTTP, "waithttp": cmdWaithttp, "raw": cmdRaw,
		"waitstate": cmdWaitstate, "waitlog": cmdWaitlog, "logcount": cmdLogcount, "logorder": cmdLogorder,
		"nolog": cmdNolog, "waitfile": cmdWaitfile, "waitgrep": cmdWaitgrep, "pidof": cmdPidof, "pidin": cmdPidin,
		"signal": cmdSignal, "alive": cmdAlive, "dead": cmdDead, "eq": cmdEq, "bytes": cmdBytes,
		"descriptors": cmdDescriptors, "cgroup": cmdCgroup, "certificate": cmdCertificate,
		"proxy": cmdProxy, "waitexec": cmdWaitexec, "eventids": cmdEventids,
	}
	for name, run := range named {
		named[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			of(ts).command = name
			run(ts, neg, args)
		}
	}
	return named
}

// runCtl runs supervisorctl and returns its exit status.
func runCtl(ts *testscript.TestScript, stdout, stderr *bytes.Buffer, args []string) int {
	s, began := of(ts), time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout())
	defer cancel()
	cmd := exec.CommandContext(ctx, s.suite.Supervisorctl, append([]string{"-c", ts.MkAbs("sd.conf")}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME"), mark + "=" + ts.Getenv(mark)}
	cmd.Env = append(cmd.Env, coverEnv()...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	s.waited(began, ctx.Err() == nil)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && ctx.Err() == nil:
		return exit.ExitCode()
	case err != nil:
		ts.Fatalf("supervisorctl %v: %v\n%s%s", args, err, stdout, stderr)
	}
	return 0
}

func cmdCtl(ts *testscript.TestScript, neg bool, args []string) {
	want, args := status(ts, args)
	var stdout, stderr bytes.Buffer
	got := runCtl(ts, &stdout, &stderr, args)
	fmt.Fprint(ts.Stdout(), stdout.String())
	fmt.Fprint(ts.Stderr(), stderr.String())
	of(ts).argv0, of(ts).stderr = of(ts).suite.Supervisorctl, stderr.String()
	if (got == want) == neg {
		ts.Fatalf("supervisorctl ended with status %d, want %d (negated: %v)\n%s%s", got, want, neg, &stdout, &stderr)
	}
}

// status takes "-rc N" from the front of args.
func status(ts *testscript.TestScript, args []string) (int, []string) {
	if len(args) < 2 || args[0] != "-rc" {
		return 0, args
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	return n, args[2:]
}

func cmdWaitctl(ts *testscript.TestScript, neg bool, args []string) {
	want, args := status(ts, args)
	re := of(ts).regexp(ts, args[0])
	var stdout, stderr bytes.Buffer
	got := 0
	if of(ts).poll(func() bool {
		stdout.Reset()
		stderr.Reset()
		got = runCtl(ts, &stdout, &stderr, args[1:])
		return re.Match(stdout.Bytes()) && got == want
	}) == neg {
		ts.Fatalf("supervisorctl still prints (status %d)\n%s%s", got, &stdout, &stderr)
	}
	fmt.Fprint(ts.Stdout(), stdout.String())
}

// regexp compiles text with {D} replaced; ^ and $ match at lines.
func (s *session) regexp(ts *testscript.TestScript, text string) *regexp.Regexp {
	re, err := regexp.Compile("(?m)" + strings.ReplaceAll(text, "{D}", regexp.QuoteMeta(s.work)))
	ts.Check(err)
	return re
}

// local returns the script's Unix socket, without credentials.
func (s *session) local() target { return target{network: "unix", addr: s.work + "/s.sock"} }

// info returns getProcessInfo(name), nil while there is no answer.
func (s *session) info(name string) map[string]any {
	result, err := s.local().call("getProcessInfo", name)
	if err != nil {
		return nil
	}
	info, _ := result.(map[string]any)
	return info
}

func cmdWaitstate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitstate NAME STATE[|STATE]...")
	}
	var state any
	if !of(ts).poll(func() bool {
		state = of(ts).info(args[0])["statename"]
		for _, want := range strings.Split(args[1], "|") {
			if state == want {
				return true
			}
		}
		return false
	}) {
		ts.Fatalf("%s is %v, want %s", args[0], state, args[1])
	}
}

// mainLog returns the main log, empty while there is none.
func (s *session) mainLog() []byte {
	data, err := os.ReadFile(filepath.Join(s.work, "main.log"))
	if err != nil {
		return nil
	}
	return data
}

func cmdWaitlog(ts *testscript.TestScript, neg bool, args []string) {
	want := 1
	if len(args) == 2 {
		var err error
		want, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	re := of(ts).regexp(ts, args[0])
	if neg || !of(ts).poll(func() bool { return len(re.FindAll(of(ts).mainLog(), -1)) >= want }) {
		ts.Fatalf("main.log has %d matches of %q, want %d", len(re.FindAll(of(ts).mainLog(), -1)), args[0], want)
	}
}

func cmdLogcount(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: logcount REGEXP COUNT")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	got := len(of(ts).regexp(ts, args[0]).FindAll(of(ts).mainLog(), -1))
	if (got == want) == neg {
		ts.Fatalf("main.log has %d matches of %q, want %d (negated: %v)", got, args[0], want, neg)
	}
}

func cmdLogorder(ts *testscript.TestScript, neg bool, args []string) {
	missing := ""
	ordered := func() bool {
		log := of(ts).mainLog()
		for _, text := range args {
			at := of(ts).regexp(ts, text).FindIndex(log)
			if at == nil {
				missing = text
				return false
			}
			log = log[at[1]:]
		}
		return true
	}
	if neg || !of(ts).poll(ordered) {
		ts.Fatalf("main.log lacks %q after the ones before it", missing)
	}
}

func cmdNolog(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nolog REGEXP")
	}
	if found := of(ts).regexp(ts, args[0]).Find(of(ts).mainLog()); found != nil {
		ts.Fatalf("main.log has %q", found)
	}
}

func cmdWaitfile(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: waitfile FILE [REGEXP]")
	}
	re := of(ts).regexp(ts, strings.Join(args[1:], ""))
	var data []byte
	if !of(ts).poll(func() bool {
		var err error
		data, err = os.ReadFile(ts.MkAbs(args[0]))
		return (err == nil && re.Match(data)) != neg
	}) {
		ts.Fatalf("%s is not as wanted (negated: %v):\n%s", args[0], neg, data)
	}
}

func cmdWaitgrep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: waitgrep COUNT REGEXP FILE")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	re := of(ts).regexp(ts, args[1])
	var data []byte
	if !of(ts).poll(func() bool {
		var err error
		data, err = os.ReadFile(ts.MkAbs(args[2]))
		return err == nil && len(re.FindAll(data, -1)) >= want
	}) {
		ts.Fatalf("%s has not %d matches of %q:\n%s", args[2], want, args[1], data)
	}
}

func cmdPidof(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pidof NAME VAR")
	}
	pid := 0
	if args[0] == "daemon" {
		pid = of(ts).last(ts).pid
	}
	if !of(ts).poll(func() bool {
		if n, ok := of(ts).info(args[0])["pid"].(int64); ok && pid == 0 {
			pid = int(n)
		}
		return pid != 0
	}) {
		ts.Fatalf("%s has no process id", args[0])
	}
	ts.Setenv(args[1], strconv.Itoa(pid))
}

// pidIn returns the process id in the first line of a file, to which later processes may have added theirs.
func pidIn(file string) (int, bool) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	line, _, complete := bytes.Cut(data, []byte("\n"))
	if !complete {
		return 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(line)))
	return pid, err == nil && pid > 0
}

func cmdPidin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pidin FILE VAR")
	}
	pid := 0
	if !of(ts).poll(func() bool { n, ok := pidIn(ts.MkAbs(args[0])); pid = n; return ok }) {
		ts.Fatalf("no process id in %s", args[0])
	}
	ts.Setenv(args[1], strconv.Itoa(pid))
}

func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal SIG daemon|PID|NAME")
	}
	sig := unix.SignalNum("SIG" + args[0])
	if n, err := strconv.Atoi(args[0]); err == nil {
		sig = syscall.Signal(n)
	}
	pid, err := strconv.Atoi(args[1])
	switch {
	case args[1] == "daemon":
		pid = of(ts).last(ts).pid
	case err != nil:
		n, _ := of(ts).info(args[1])["pid"].(int64)
		pid = int(n)
	}
	if sig == 0 || pid <= 0 {
		ts.Fatalf("cannot send %s to %s (process id %d)", args[0], args[1], pid)
	}
	ts.Check(syscall.Kill(pid, sig))
}

func pidArg(ts *testscript.TestScript, args []string) int {
	if len(args) != 1 {
		ts.Fatalf("one process id is needed, not %q", args)
	}
	pid, err := strconv.Atoi(args[0])
	ts.Check(err)
	return pid
}

func cmdAlive(ts *testscript.TestScript, neg bool, args []string) {
	if running(pidArg(ts, args)) == neg {
		ts.Fatalf("process %s: alive is %v", args[0], neg)
	}
}

func cmdDead(ts *testscript.TestScript, neg bool, args []string) {
	pid := pidArg(ts, args)
	if neg || !of(ts).poll(func() bool { return !running(pid) }) {
		ts.Fatalf("process %d is still there", pid)
	}
}

func cmdEq(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: eq A B")
	}
	if (args[0] == args[1]) == neg {
		ts.Fatalf("%q and %q: equal is %v", args[0], args[1], !neg)
	}
}

func cmdBytes(ts *testscript.TestScript, neg bool, args []string) {
	atLeast := len(args) > 0 && args[0] == "-atleast"
	if atLeast {
		args = args[1:]
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes [-atleast] FILE N")
	}
	want, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	size := int64(-1)
	if !of(ts).poll(func() bool {
		fi, err := os.Stat(ts.MkAbs(args[0]))
		if err != nil {
			return false
		}
		size = fi.Size()
		return size == want || atLeast && size > want
	}) {
		ts.Fatalf("%s has %d bytes, want %d", args[0], size, want)
	}
}

// cmdDescriptors waits until a process has no more open descriptors than VAR, or sets VAR to their number. Fewer are accepted:
// when they were counted, an earlier connection may not have been closed yet.
func cmdDescriptors(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: descriptors PID VAR")
	}
	count := func() int {
		open, err := os.ReadDir("/proc/" + args[0] + "/fd")
		ts.Check(err)
		return len(open)
	}
	known, err := strconv.Atoi(ts.Getenv(args[1]))
	if err != nil {
		ts.Setenv(args[1], strconv.Itoa(count()))
		return
	}
	n := 0
	if !of(ts).poll(func() bool { n = count(); return n <= known }) {
		ts.Fatalf("%d descriptors are open, want %d", n, known)
	}
}
