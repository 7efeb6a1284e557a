package conformance

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// daemon is one supervisord that a script started.
type daemon struct {
	pid    int
	done   chan struct{} // closed when a foreground daemon has exited; nil for one in the background
	status int           // its exit status, valid after done; -1: ended by a signal
}

func (d *daemon) alive() bool {
	if d.done == nil {
		return running(d.pid)
	}
	select {
	case <-d.done:
		return false
	default:
		return true
	}
}

// launch is the parsed command line of daemon and startfails.
type launch struct {
	conf       string // absolute
	program    string // instead of that of the suite, absolute
	background bool
	raw        bool // add neither -c nor -n
	status     int
	uid        string
	shell      string
	syslog     string // file that gets what the daemon sends to syslog
	stream     bool   // the socket of syslog takes no datagrams
	env        []string
	flags      []string
}

func parseLaunch(ts *testscript.TestScript, args []string) launch {
	l := launch{conf: ts.MkAbs("sd.conf"), program: of(ts).suite.Supervisord, status: 2}
	confGiven := false
	for len(args) > 0 {
		switch {
		case args[0] == "-bg":
			l.background = true
		case args[0] == "-stream":
			l.stream = true
		case args[0] == "-raw":
			l.raw = true
		case len(args) == 1:
			l.flags = append(l.flags, args[0])
		case args[0] == "-rc":
			status, err := strconv.Atoi(args[1])
			ts.Check(err)
			l.status, args = status, args[1:]
		case args[0] == "-env":
			l.env, args = append(l.env, args[1]), args[1:]
		case args[0] == "-sh":
			l.shell, args = args[1], args[1:]
		case args[0] == "-program":
			l.program, args = ts.MkAbs(args[1]), args[1:]
		case args[0] == "-syslog":
			l.syslog, args = ts.MkAbs(args[1]), args[1:]
		case args[0] == "-as":
			l.uid, args = args[1], args[1:]
		case args[0] == "-c" && !l.raw:
			l.conf, confGiven = ts.MkAbs(args[1]), true
			l.flags = append(l.flags, args[0], l.conf)
			args = args[1:]
		default:
			l.flags = append(l.flags, args[0])
		}
		args = args[1:]
	}
	if !l.raw && !confGiven {
		l.flags = append([]string{"-c", l.conf}, l.flags...)
	}
	if !l.raw && !l.background {
		l.flags = append([]string{"-n"}, l.flags...)
	}
	return l
}

// command returns the process to run: supervisord, started by a shell if it needs a special environment.
func (l launch) command(ts *testscript.TestScript) *exec.Cmd {
	argv := append([]string{l.program}, l.flags...)
	if l.shell != "" {
		argv = append([]string{"/bin/sh", "-c", l.shell + "\nexec \"$@\"", "sh"}, argv...)
	}
	if l.syslog != "" {
		argv = append([]string{"unshare", "-m", "/bin/sh", "-c", ownSyslog, "sh", of(ts).work}, argv...)
	}
	if l.uid != "" {
		argv = append([]string{"setpriv", "--reuid=" + l.uid, "--regid=" + l.uid, "--clear-groups", "--"}, argv...)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "CHILD", "WORK", "PORT", "PORT2", mark} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Env = append(append(cmd.Env, coverEnv()...), l.env...)
	// A signal to the test's own group must not reach the daemon, and the reverse.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// ownSyslog runs a command with a /dev of its own, in which /dev/log is the script's socket. It is run in a mount namespace, so that
// other processes do not see it.
const ownSyslog = `set -e
work=$1; shift
mkdir -p $work/dev
mount --rbind /dev $work/dev
mount -t tmpfs none /dev
ln -s $work/dev/* /dev/
rm -f /dev/log
ln -s $work/syslog.sock /dev/log
exec "$@"`

// receive listens on the socket of ownSyslog and appends each record to file, as a line.
func (s *session) receive(file string, stream bool) error {
	path := filepath.Join(s.work, "syslog.sock")
	var listener io.Closer
	var records func() (io.Reader, error)
	if stream {
		l, err := net.Listen("unix", path)
		if err != nil {
			return err
		}
		listener, records = l, func() (io.Reader, error) { return l.Accept() }
	} else {
		conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			return err
		}
		listener, records = conn, func() (io.Reader, error) { return &datagrams{conn}, nil }
	}
	s.closers = append(s.closers, listener)
	if err := os.Chmod(path, 0o777); err != nil {
		return err
	}
	out, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	go func() {
		defer out.Close()
		for {
			in, err := records()
			if err != nil {
				return
			}
			buffered := bufio.NewReaderSize(in, 64<<10)
			for err == nil {
				var record string
				if record, err = buffered.ReadString(0); record != "" {
					fmt.Fprintln(out, strings.TrimSuffix(strings.TrimSuffix(record, "\x00"), "\n"))
				}
			}
			if !stream {
				return
			}
		}
	}()
	return nil
}

// datagrams is a stream of datagrams, each ended by a NUL.
type datagrams struct{ conn *net.UnixConn }

func (d *datagrams) Read(p []byte) (int, error) {
	n, err := d.conn.Read(p[:len(p)-1])
	if err == nil && (n == 0 || p[n-1] != 0) {
		p[n] = 0
		n++
	}
	return n, err
}

func (l launch) own(ts *testscript.TestScript) {
	if l.uid == "" {
		return
	}
	ts.Check(exec.Command("chown", "-R", l.uid+":"+l.uid, of(ts).work).Run())
}

func cmdDaemon(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! daemon; use startfails")
	}
	s, l := of(ts), parseLaunch(ts, args)
	if _, err := os.Stat(l.conf); os.IsNotExist(err) {
		ts.Check(os.WriteFile(l.conf, nil, 0o644)) // a script without sd.conf is about the base alone
	}
	ts.Check(s.prepare(l.conf))
	if l.syslog != "" {
		ts.Check(s.receive(l.syslog, l.stream))
	}
	l.own(ts)
	cmd := l.command(ts)
	stdout, err := s.appendTo("daemon.out")
	ts.Check(err)
	defer stdout.Close()
	stderr, err := s.appendTo("daemon.err")
	ts.Check(err)
	defer stderr.Close()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	ts.Check(cmd.Start())
	d := &daemon{pid: cmd.Process.Pid}
	if l.background {
		err := s.detached(l, cmd, d)
		s.daemons = append(s.daemons, d)
		ts.Check(err)
	} else {
		d.done = make(chan struct{})
		go d.wait(cmd)
		s.daemons = append(s.daemons, d)
	}
	ts.Setenv("DAEMON", strconv.Itoa(d.pid))
	if !of(ts).poll(func() bool { return !d.alive() || l.ready() }) || !d.alive() {
		ts.Fatalf("supervisord does not answer (ended: %v)", !d.alive())
	}
}

func (s *session) appendTo(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(s.work, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
}

// detached waits for the first process to exit and for the pid file of the one that it left in the background.
func (s *session) detached(l launch, cmd *exec.Cmd, d *daemon) error {
	d.done = make(chan struct{})
	go d.wait(cmd)
	if !s.poll(func() bool { return !d.alive() }) || d.status != 0 {
		return fmt.Errorf("supervisord did not go to the background (ended: %v, status %d)", !d.alive(), d.status)
	}
	d.done = nil
	text, err := os.ReadFile(l.conf)
	if err != nil {
		return err
	}
	file := setting(string(text), "supervisord", "pidfile", filepath.Dir(l.conf))
	if !s.poll(func() bool { pid, ok := pidIn(file); d.pid = pid; return ok }) {
		return fmt.Errorf("no process id in %s", file)
	}
	return nil
}

func (d *daemon) wait(cmd *exec.Cmd) {
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		d.status = exit.ExitCode()
	}
	close(d.done)
}

// ready reports whether the daemon answers HTTP on its first server, or has logged its start if it has no server.
func (l launch) ready() bool {
	data, err := os.ReadFile(l.conf)
	if err != nil {
		return false
	}
	text, here := string(data), filepath.Dir(l.conf)
	if file := setting(text, "unix_http_server", "file", here); file != "" {
		return answers("unix", file)
	}
	if port := setting(text, "inet_http_server", "port", here); port != "" {
		host, number, found := strings.Cut(port, ":")
		if !found {
			host, number = "127.0.0.1", port
		}
		if host == "*" || host == "" {
			host = "127.0.0.1"
		}
		return answers("tcp", net.JoinHostPort(host, number))
	}
	log, err := os.ReadFile(setting(text, "supervisord", "logfile", here))
	return err == nil && bytes.Contains(log, []byte("supervisord started with pid"))
}

// answers reports whether an HTTP server sends any answer at the address.
func answers(network, addr string) bool {
	conn, err := net.DialTimeout(network, addr, timeout())
	if err != nil {
		return false
	}
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(5*time.Second)) != nil {
		return false
	}
	if _, err := conn.Write([]byte("GET /ok.html HTTP/1.0\r\n\r\n")); err != nil {
		return false
	}
	n, err := conn.Read(make([]byte, 1))
	return n == 1 && err == nil
}

func cmdStartfails(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! startfails; use daemon")
	}
	s, l := of(ts), parseLaunch(ts, args)
	ts.Check(s.prepare(l.conf))
	l.own(ts)
	cmd := l.command(ts)
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = ts.Stdout(), &stderr
	cmd.WaitDelay = time.Second
	ts.Check(cmd.Start())
	d := &daemon{pid: cmd.Process.Pid, done: make(chan struct{})}
	s.daemons = append(s.daemons, d)
	go d.wait(cmd)
	if !of(ts).poll(func() bool { return !d.alive() }) {
		_ = syscall.Kill(d.pid, syscall.SIGKILL)
		<-d.done
		ts.Fatalf("supervisord did not end\nstderr: %s", &stderr)
	}
	s.argv0, s.stderr = s.suite.Supervisord, stderr.String()
	fmt.Fprint(ts.Stderr(), s.stderr)
	if d.status != l.status {
		ts.Fatalf("supervisord ended with status %d, want %d\nstderr: %s", d.status, l.status, s.stderr)
	}
}

func cmdWaitdaemon(ts *testscript.TestScript, neg bool, args []string) {
	want := 0
	if len(args) > 0 {
		var err error
		want, err = strconv.Atoi(args[0])
		ts.Check(err)
	}
	d := of(ts).last(ts)
	if !of(ts).poll(func() bool { return !d.alive() }) {
		ts.Fatalf("supervisord %d does not end", d.pid)
	}
	if d.done != nil && (d.status == want) == neg {
		ts.Fatalf("supervisord ended with status %d, want %d (negated: %v)", d.status, want, neg)
	}
}

func cmdStopdaemon(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: stopdaemon")
	}
	ts.Check(syscall.Kill(of(ts).last(ts).pid, syscall.SIGTERM))
	cmdWaitdaemon(ts, false, nil)
}

// last returns the daemon started last.
func (s *session) last(ts *testscript.TestScript) *daemon {
	if len(s.daemons) == 0 {
		ts.Fatalf("no daemon was started")
	}
	return s.daemons[len(s.daemons)-1]
}

func cmdLeftover(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	var left []string
	if of(ts).poll(func() bool { left = s.left(); return len(left) == 0 }) == neg {
		ts.Fatalf("left over: %q (negated: %v)", left, neg)
	}
}

// left names the processes and files of the script's daemons that are still there.
func (s *session) left() []string {
	var left []string
	for _, pid := range marked(s.mark) {
		left = append(left, fmt.Sprint("process ", pid))
	}
	for _, name := range []string{"s.sock", "sd.pid"} {
		if _, err := os.Lstat(filepath.Join(s.work, name)); err == nil {
			left = append(left, name)
		}
	}
	return left
}

func cmdUsageerror(ts *testscript.TestScript, neg bool, args []string) {
	section, file := "", "sd.conf"
	for len(args) > 2 {
		switch args[0] {
		case "-section":
			section = args[1]
		case "-file":
			file = args[1]
		default:
			ts.Fatalf("usage: usageerror [-section S] [-file F] TEXT")
		}
		args = args[2:]
	}
	s := of(ts)
	text := s.expand(args[0])
	if section != "" {
		text += fmt.Sprintf(" in section '%s' (file: '%s/%s')", section, s.work, file)
	}
	want := fmt.Sprintf("Error: %s\nFor help, use %s -h\n", text, s.argv0)
	if (where.ReplaceAllString(s.stderr, "") == want) == neg {
		ts.Fatalf("stderr is\n%swant (negated: %v)\n%s", s.stderr, neg, want)
	}
}

// where matches the line with which an implementation may locate an error in the configuration.
var where = regexp.MustCompile(`(?m)^  .*\n`)

func cmdRefuse(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: refuse FILE [-section S] TEXT")
	}
	cmdStartfails(ts, false, []string{"-c", ts.MkAbs(args[0])})
	cmdUsageerror(ts, false, append([]string{"-file", args[0]}, args[1:]...))
}

// expand replaces {D} by the script's directory.
func (s *session) expand(text string) string { return strings.ReplaceAll(text, "{D}", s.work) }
