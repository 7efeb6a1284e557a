package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/exefile"
)

// startTimeout bounds the time in which a daemon must start its children.
const startTimeout = 20 * time.Second

// observation is the configuration that a daemon reports, and the reports of its children.
type observation struct {
	Config   []map[string]any
	Children []childReport
}

// live runs configurations with both daemons. All programs of these can be run, and report their environment.
func live(s settings, base string, out io.Writer) error {
	differences := 0
	child := filepath.Join(base, "child")
	if s.live > 0 {
		if err := shareSelf(base, child); err != nil {
			return err
		}
	}
	for i := range s.live {
		dir := filepath.Join(base, fmt.Sprint("live", i))
		if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
			return err
		}
		g := newGenerator(s.seed, uint64(i), dir)
		text, children := g.runnable(child)
		path := filepath.Join(dir, "sd.conf")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
		original, err := observe(s.reference, path, children)
		if err != nil {
			return fmt.Errorf("original: %w\n%s", err, text)
		}
		own, err := observe(s.supervisord, path, children)
		if err != nil {
			return fmt.Errorf("ours: %w\n%s", err, text)
		}
		normalizeLive(own)
		if diff := cmp.Diff(original, own); diff != "" {
			differences++
			fmt.Fprintf(out, "=== live, seed %d, configuration %d\n--- original\n+++ ours\n%s\n%s\n", s.seed, i, diff, text)
		}
	}
	if s.live > 0 {
		fmt.Fprintf(out, "%d configurations run by both, %d differences\n", s.live, differences)
	}
	if differences > 0 {
		return fmt.Errorf("%d differences between running daemons", differences)
	}
	return nil
}

// shareSelf copies this program to a place where every user can run it.
func shareSelf(base, child string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return firstError(os.Chmod(base, 0o755), exefile.Copy(self, child, 0o755))
}

// runnable returns a configuration whose programs can all be run, and the number of processes.
func (g *generator) runnable(child string) (text string, children int) {
	g.bad, g.odd = 0, 0
	var b strings.Builder
	fmt.Fprintf(&b, "[supervisord]\nnodaemon=true\nlogfile=%[1]s/main.log\npidfile=%[1]s/pid\nchildlogdir=%[1]s/logs\n"+
		"environment=%[2]s\n[unix_http_server]\nfile=%[1]s/s\n[rpcinterface:supervisor]\n"+
		"supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
		g.dir, pick(g, `A="1",K="%(here)s"`, "", `PATH="/opt:/bin"`, "SUPERVISOR_ENABLED=0", `LC_ALL="C"`))
	fixed := []string{"command", "process_name", "numprocs", "autostart", "startsecs", "startretries", "autorestart",
		"stdout_logfile", "stderr_logfile", "directory", "user", "environment", "stopasgroup", "killasgroup", "umask",
		"stdout_logfile_maxbytes", "stderr_logfile_maxbytes", "stdout_capture_maxbytes", "stderr_capture_maxbytes"}
	for i := range 1 + g.IntN(3) {
		count := 1 + g.IntN(3)
		children += count
		fmt.Fprintf(&b, "[program:p%d]\ncommand=%s %s %s/dump %s\nnumprocs=%d\nprocess_name=%s\n"+
			"autorestart=false\nstartsecs=0\ndirectory=%s\nenvironment=%s\nstdout_logfile=%s\n"+
			"stderr_logfile_maxbytes=%s\n", i, child, dumpArgument, g.dir,
			pick(g, `a "b c" d\ e`, "", "%(program_name)s %(group_name)s", "%(process_num)03d 100%%", `'%(here)s' "x\"y"`,
				"%(ENV_HOME)s %(host_node_name)s", "é '' #x", "$HOME *", "a\n  b"),
			count, pick(g, "%(program_name)s_%(process_num)02d", "%(process_num)d", "%(group_name)s-%(process_num)s"),
			pick(g, "/tmp", "%(here)s", "%(here)s/logs", "/"),
			pick(g, "", `A="x y"`, `A="%(process_num)d",B="%(ENV_HOME)s"`, "SUPERVISOR_PROCESS_NAME=me", "PATH=/bin", "HOME=/h"),
			pick(g, "AUTO", "none", "%(here)s/logs/%(group_name)s_%(process_num)s", "/dev/null"),
			pick(g, "0", "1MB", "2KB"))
		if g.chance(0.5) {
			fmt.Fprintf(&b, "umask=%s\n", pick(g, "022", "077", "0", "027"))
		}
		if g.chance(0.3) && os.Getuid() == 0 {
			b.WriteString("user=nobody\n")
		}
		for _, k := range programKeys {
			if !slices.Contains(fixed, k.name) && g.chance(0.2) {
				b.WriteString(g.line(k))
			}
		}
	}
	if g.chance(0.5) {
		fmt.Fprintf(&b, "[group:g]\npriority=%d\nprograms=p0\n", g.IntN(2000))
	}
	return b.String(), children
}

// observe runs a daemon until all children have sent their report, asks for its configuration and stops it.
func observe(program, path string, children int) (o *observation, err error) {
	dir := filepath.Dir(path)
	listener, err := net.Listen("unix", filepath.Join(dir, "dump"))
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	if err := firstError(os.Chmod(dir, 0o755), os.Chmod(filepath.Join(dir, "dump"), 0o777)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	var text strings.Builder
	cmd := exec.CommandContext(ctx, program, "-c", path)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = environ, dir, &text, &text
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		stopped := firstError(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
		if err == nil {
			err = stopped
		}
		if err != nil {
			err = fmt.Errorf("%s: %w\n%s", program, err, text.String())
		}
	}()
	o = &observation{}
	deadline, _ := ctx.Deadline()
	for range children {
		child, err := receive(listener.(*net.UnixListener), deadline)
		if err != nil {
			return nil, err
		}
		o.Children = append(o.Children, child)
	}
	slices.SortFunc(o.Children, func(a, b childReport) int {
		return strings.Compare(a.Env["SUPERVISOR_GROUP_NAME"]+fmt.Sprint(a), b.Env["SUPERVISOR_GROUP_NAME"]+fmt.Sprint(b))
	})
	o.Config, err = configInfo(ctx, filepath.Join(dir, "s"))
	return o, err
}

// firstError returns the first error that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// receive returns the report of the next child.
func receive(listener *net.UnixListener, deadline time.Time) (child childReport, err error) {
	if err := listener.SetDeadline(deadline); err != nil {
		return child, err
	}
	conn, err := listener.Accept()
	if err != nil {
		return child, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return child, err
	}
	return child, json.NewDecoder(conn).Decode(&child)
}

// configInfo calls getAllConfigInfo of the daemon at a Unix socket.
func configInfo(ctx context.Context, path string) ([]map[string]any, error) {
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	defer transport.CloseIdleConnections()
	client, err := xmlrpc.NewClient("http://localhost/RPC2", transport)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var info []map[string]any
	if err := client.Call("supervisor.getAllConfigInfo", nil, &info); err != nil {
		return nil, err
	}
	for _, process := range info { // temporary names differ from run to run
		for _, key := range []string{"stdout_logfile", "stderr_logfile"} {
			if name, ok := process[key].(string); ok {
				process[key] = random.ReplaceAllString(name, "-RANDOM.log")
			}
		}
	}
	slices.SortFunc(info, func(a, b map[string]any) int {
		return strings.Compare(fmt.Sprint(a["group"], a["name"]), fmt.Sprint(b["group"], b["name"]))
	})
	return info, nil
}

var random = regexp.MustCompile(`-[A-Za-z0-9_]+\.log$`)

// normalizeLive removes what we add on purpose: autorestart (DIFF-60) and SUPERVISOR_PROCESS_GROUP (DIFF-113).
func normalizeLive(o *observation) {
	for _, process := range o.Config {
		delete(process, "autorestart")
	}
	for _, child := range o.Children {
		delete(child.Env, "SUPERVISOR_PROCESS_GROUP")
	}
}
