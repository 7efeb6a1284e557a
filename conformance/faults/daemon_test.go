package faults

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// mark is an environment variable by which all processes of a case are found.
const mark = "FAULTS_CASE"

// daemon is a supervisord in a directory of its own.
type daemon struct {
	*fault
	dir     string
	cmd     *exec.Cmd
	pid     int           // of supervisord, outside of its namespace
	program string        // supervisord, or another file that is started
	ended   chan struct{} // closed when the started process has exited
	http    *http.Client
	seen    []byte // of the main log
	counts  map[string]*counted
	offset  int64
}

// setup says how to start a daemon.
type setup struct {
	config  string   // added to the base; {D} is the directory
	own     string   // more lines for [supervisord]
	program string   // empty: supervisord
	first   string   // what is installed there before upgrades; empty: supervisord
	env     []string // more variables
	before  []string // what runs supervisord: a command line it is appended to
	stdout  *os.File // nil: a file
	log     string   // the main log; empty: main.log in the directory
	dir     string   // empty: a new one
}

// prepare creates the directory and the configuration.
func (f *fault) prepare(s setup) *daemon {
	f.Helper()
	dir := s.dir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("/tmp", "fl"); err != nil {
			f.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { os.RemoveAll(dir) })
	}
	d := &daemon{fault: f, dir: dir}
	_ = syscall.Mkfifo(filepath.Join(dir, "go"), 0o666) // children wait for it without polling
	if s.log == "" {
		s.log = "{D}/main.log"
	}
	text := strings.ReplaceAll("[supervisord]\nlogfile="+s.log+"\npidfile={D}/sd.pid\nchildlogdir={D}\nnodaemon=true\n"+
		"logfile_maxbytes=0\n"+s.own+"\n[unix_http_server]\nfile={D}/s.sock\nchmod=0777\n[rpcinterface:supervisor]\n"+
		"supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"+s.config, "{D}", dir)
	if err := os.WriteFile(filepath.Join(dir, "sd.conf"), []byte(text), 0o644); err != nil {
		f.Fatal(err)
	}
	return d
}

// start starts a daemon and waits until it answers. Its remaining processes are killed at the end of the case.
func (f *fault) start(s setup) *daemon {
	f.Helper()
	d := f.prepare(s)
	d.launch(s)
	if !poll(func() bool { return d.answers() || !d.runs() }) || !d.runs() {
		f.stop("supervisord does not come up: %s", d.tail())
	}
	return d
}

// launch starts the process.
func (d *daemon) launch(s setup) {
	d.Helper()
	d.program = cmp.Or(s.program, supervisord)
	argv := append(append([]string(nil), s.before...), d.program, "-c", filepath.Join(d.dir, "sd.conf"))
	d.cmd = exec.Command(argv[0], argv[1:]...)
	d.cmd.Env = append(append(os.Environ(), mark+"="+d.dir), s.env...)
	d.cmd.Dir = d.dir
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	d.cmd.Stdout = s.stdout
	if s.stdout == nil {
		out, err := os.OpenFile(filepath.Join(d.dir, "out"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
		if err != nil {
			d.Fatal(err)
		}
		defer out.Close()
		d.cmd.Stdout, d.cmd.Stderr = out, out
	}
	if err := d.cmd.Start(); err != nil {
		d.Fatal(err)
	}
	d.pid, d.ended = d.cmd.Process.Pid, make(chan struct{})
	cmd, ended := d.cmd, d.ended
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	d.Cleanup(func() { d.cleanup() })
	socket := filepath.Join(d.dir, "s.sock")
	d.http = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	d.Cleanup(d.http.CloseIdleConnections)
}

// cleanup kills the remaining processes of the case.
func (d *daemon) cleanup() {
	poll(func() bool {
		left := d.processes()
		if d.runs() {
			left = append(left, d.cmd.Process.Pid)
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return len(left) == 0
	})
}

// processes returns the running processes of the case.
func (d *daemon) processes() (pids []int) {
	want := []byte(mark + "=" + d.dir + "\x00")
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		environ, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err == nil && bytes.Contains(append(environ, 0), want) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// commandLines are the command lines of processes, and which process started each.
func commandLines(pids []int) string {
	var b strings.Builder
	for _, pid := range pids {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		fmt.Fprintf(&b, "%s\n%s\n", bytes.ReplaceAll(line, []byte{0}, []byte(" ")), stat)
	}
	return b.String()
}

func (d *daemon) runs() bool {
	select {
	case <-d.ended:
		return false
	default:
		return true
	}
}

// call calls a method and returns the XML of the response.
func (d *daemon) call(method string, args ...any) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version='1.0'?><methodCall><methodName>supervisor.%s</methodName><params>", method)
	for _, a := range args {
		fmt.Fprintf(&b, "<param>%s</param>", value(a))
	}
	b.WriteString("</params></methodCall>")
	ctx, cancel := context.WithTimeout(context.Background(), timeout())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://x/RPC2", strings.NewReader(b.String()))
	if err != nil {
		return "", err
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return "", err
	case resp.StatusCode != http.StatusOK:
		return "", fmt.Errorf("%s: %s", method, resp.Status)
	case bytes.Contains(body, []byte("<fault>")):
		return "", fmt.Errorf("%s: %s", method, faultText.FindSubmatch(body)[1])
	}
	return string(body), nil
}

// value is an argument of a call: a string, number or boolean, an array of strings, or a struct of booleans.
func value(a any) string {
	switch a := a.(type) {
	case bool:
		return fmt.Sprintf("<value><boolean>%d</boolean></value>", map[bool]int{true: 1}[a])
	case []string:
		var b strings.Builder
		for _, text := range a {
			b.WriteString(value(text))
		}
		return "<value><array><data>" + b.String() + "</data></array></value>"
	case map[string]bool:
		var b strings.Builder
		for name, on := range a {
			b.WriteString("<member><name>" + name + "</name>" + value(on) + "</member>")
		}
		return "<value><struct>" + b.String() + "</struct></value>"
	}
	kind := fmt.Sprintf("%T", a) // string, int
	return fmt.Sprintf("<value><%s>%v</%s></value>", kind, a, kind)
}

var (
	faultText = regexp.MustCompile(`(?s)faultString</name>\s*<value><string>(.*?)</string>`)
	stateName = regexp.MustCompile(`(?s)<name>statename</name>\s*<value><string>(.*?)</string>`)
	pidValue  = regexp.MustCompile(`(?s)<name>pid</name>\s*<value><int>(\d+)</int>`)
)

func (d *daemon) answers() bool { _, err := d.call("getState"); return err == nil }

// must calls a method that must succeed.
func (d *daemon) must(method string, args ...any) string {
	d.Helper()
	body, err := d.call(method, args...)
	if err != nil {
		d.stop("%s%v: %v", method, args, err)
	}
	return body
}

// states counts the processes by state.
func (d *daemon) states() map[string]int {
	body, err := d.call("getAllProcessInfo")
	counts := map[string]int{}
	if err == nil {
		for _, m := range stateName.FindAllStringSubmatch(body, -1) {
			counts[m[1]]++
		}
	}
	return counts
}

// stopAll stops all processes. One that is between two runs cannot be stopped, so it repeats the call.
func (d *daemon) stopAll() {
	d.Helper()
	var counts map[string]int
	if !poll(func() bool {
		_, err := d.call("stopAllProcesses")
		counts = d.states()
		return err == nil && len(counts) > 0 && counts["STOPPED"]+counts["FATAL"] == total(counts)
	}) {
		d.stop("the processes are %v", counts)
	}
}

func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// await waits until n processes are in the state.
func (d *daemon) await(state string, n int) {
	d.Helper()
	var counts map[string]int
	if !poll(func() bool { counts = d.states(); return counts[state] == n }) {
		d.stop("the processes are %v, not %d %s: %s", counts, n, state, d.tail())
	}
}

// pids returns the ids of all running children.
func (d *daemon) pids() (pids []int) {
	d.Helper()
	for _, m := range pidValue.FindAllStringSubmatch(d.must("getAllProcessInfo"), -1) {
		if pid, _ := strconv.Atoi(m[1]); pid != 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (d *daemon) pidOf(name string) int {
	d.Helper()
	m := pidValue.FindStringSubmatch(d.must("getProcessInfo", name))
	pid, _ := strconv.Atoi(m[1])
	return pid
}

// log returns the main log. It reads only what was added since the last call.
func (d *daemon) log() []byte {
	f, err := os.Open(filepath.Join(d.dir, "main.log"))
	if err != nil {
		return d.seen
	}
	defer f.Close()
	fresh, err := io.ReadAll(io.NewSectionReader(f, d.offset, 1<<40))
	if err == nil {
		d.seen = append(d.seen, fresh...)
		d.offset += int64(len(fresh))
	}
	return d.seen
}

// count returns the number of occurrences of text in the main log. It searches only what was added since the last call.
func (d *daemon) count(text string) int {
	log := d.log()
	c := d.counts[text]
	if c == nil {
		if d.counts == nil {
			d.counts = map[string]*counted{}
		}
		c = new(counted)
		d.counts[text] = c
	}
	for {
		at := bytes.Index(log[c.upTo:], []byte(text))
		if at < 0 {
			c.upTo = max(c.upTo, len(log)-len(text)+1)
			return c.times
		}
		c.upTo += at + len(text)
		c.times++
	}
}

// counted is the number of occurrences of a text in the first bytes of the log.
type counted struct{ upTo, times int }

// awaitLog waits until the main log has text n times.
func (d *daemon) awaitLog(text string, n int) {
	d.Helper()
	if !d.awaitLogFor(timeout(), text, n) {
		d.stop("the log has %q %d times, not %d: %s", text, d.count(text), n, d.tail())
	}
}

func (d *daemon) awaitLogFor(wait time.Duration, text string, n int) bool {
	return pollFor(wait, func() bool { return d.count(text) >= n })
}

// tail returns the end of the daemon's output, for messages.
func (d *daemon) tail() string {
	out, _ := os.ReadFile(filepath.Join(d.dir, "out"))
	text := append(bytes.Clone(lastBytes(d.log(), 1500)), lastBytes(out, 1500)...)
	return string(text)
}

func lastBytes(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// terminate sends SIGTERM to the daemon and waits until it has exited.
func (d *daemon) terminate() {
	d.Helper()
	if err := syscall.Kill(d.pid, syscall.SIGTERM); err != nil {
		d.stop("cannot stop supervisord: %v", err)
	}
	d.awaitEnd()
}

func (d *daemon) awaitEnd() {
	d.Helper()
	if !poll(func() bool { return !d.runs() }) {
		d.stop("supervisord does not exit: %s", d.tail())
	}
}

// status returns how the daemon exited.
func (d *daemon) status() string { return d.cmd.ProcessState.String() }

// path returns the path of a file of the case.
func (d *daemon) path(name string) string { return filepath.Join(d.dir, name) }

// read reads a file of the case.
func (d *daemon) read(name string) []byte {
	d.Helper()
	data, err := os.ReadFile(d.path(name))
	if err != nil {
		d.stop("%v", err)
	}
	return data
}
