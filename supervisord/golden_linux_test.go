package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/upgrade/early"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

var writeGolden = flag.Bool("update", false, "write testdata/states/VERSION.json, the state of a supervisord of this version")

func init() { roles["golden"], golden = tryGolden, goldenDaemon }

// tryGolden is the program that reads the state in a file, in a process of its own, as a trial does.
func tryGolden(args []string) error {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	state, err := handover.Seal(text)
	if err != nil {
		return err
	}
	_, err = trial(state)
	return err
}

// goldenDaemon is a supervisord that writes the state to a file when the program that was to take over has failed.
func goldenDaemon() (status int) {
	if handed, ok := os.LookupEnv(early.Variable); ok {
		first, _, _ := strings.Cut(handed, ",")
		if fd, err := strconv.Atoi(first); err == nil {
			if text, err := handover.Load(fd); err == nil {
				_ = os.WriteFile(os.Getenv(goldenVariable), text, 0o644)
			}
		}
	}
	if status, taken := takeRole(); taken {
		return status
	}
	return run(os.Args)
}

// read tries a state, and returns the problem, empty if there is none.
func read(t *testing.T, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(os.Args[0], "golden", path).CombinedOutput()
	if err == nil && len(out) > 0 || err != nil && len(out) == 0 {
		t.Fatalf("%s: %v", out, err)
	}
	return strings.TrimSpace(string(out))
}

// TestGoldenStates reads the whole state of each release, which a later version must be able to take over.
// covers: L12-j
func TestGoldenStates(t *testing.T) {
	own := filepath.Join("testdata", "states", api.Version+".json")
	if *writeGolden {
		writeGoldenState(t, own)
	}
	files, err := filepath.Glob("testdata/states/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no states: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if problem := read(t, text); problem != "" {
			t.Errorf("%s: %s", file, problem)
		}
	}
	text, err := os.ReadFile(own)
	if err != nil {
		t.Fatalf("%v; go test ./supervisord -run TestGoldenStates -update writes it", err)
	}
	for _, test := range []struct{ old, changed, problem string }{
		{`"needs":[`, `"needs":["time_zones",`, api.Version + " cannot take over: this supervisord uses time_zones"},
		{`"needs":[`, `"needs":["time_zones","sleep_until",`, api.Version + " cannot take over: this supervisord uses time_zones, sleep_until"},
		{`"min":1`, `"min":99`, api.Version + " cannot take over: the state of " + api.Version + " is too new"},
		{`"format":1`, `"format":0`, api.Version + " cannot take over: the state of " + api.Version + " is too old"},
		{`"rooms":{`, `"rooms":{"unknown":{},`, "state of unknown: it is not read"},
		{`"descriptors":[`, `"descriptors":["9999 0 0 tests",`, "descriptor 9999 (tests): it is not used"},
		{`"supervisor":{`, `"another":{`, ""},
	} {
		changed := bytes.Replace(text, []byte(test.old), []byte(test.changed), 1)
		if bytes.Equal(changed, text) {
			t.Errorf("the state has no %s", test.old)
		} else if problem := read(t, changed); problem == "" || !strings.Contains(problem, test.problem) {
			t.Errorf("with %s: %q, want %q", test.changed, problem, test.problem)
		}
	}
	// A newer version may have written what this one does not know.
	newer := bytes.Replace(text, []byte(`"version":"`+api.Version), []byte(`"version":"9`), 1)
	newer = bytes.Replace(newer, []byte(`"rooms":{`), []byte(`"rooms":{"unknown":{},`), 1)
	if problem := read(t, newer); problem != "" {
		t.Errorf("of a newer version: %s", problem)
	}
}

// goldenConfig uses what there is. Programs are in many states when the state is written.
const goldenConfig = `
[unix_http_server]
file=DIR/s
[inet_http_server]
port=127.0.0.1:PORT
username=u
password=p
[supervisord]
shutdown_timeout=1
logfile=DIR/log
pidfile=DIR/pid
childlogdir=DIR
orphans=kill
environment=GLOBAL="caf\xc3\xa9"
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program-default]
startsecs=0
[program:db]
command=/bin/sleep 1000
ready=log:/up/
ready_timeout=1000
[program:web]
command=/bin/sh -c "printf 'half a line'; exec sleep 1000"
depends_on=run
dependency_loss=restart
liveness_check_script=/bin/true
liveness_check_period=1000
readiness_check_script=/bin/true
strip_ansi=true
stdout_events_enabled=true
stdout_logfile_backups=3
[program:run]
command=/bin/sh -c "printf '<!--XSUPERVISOR:BEGIN-->half a message'; exec sleep 1000"
stdout_capture_maxbytes=1KB
redirect_stderr=true
notify_socket=true
watchdog=1000
numprocs=2
process_name=%(process_num)d
[program:held]
command=/bin/sleep 1000
depends_on=db:ready
[program:fails]
command=/bin/false
startsecs=1
startretries=100
backoffincrement=1000
[program:fatal]
command=/nonexistent
startretries=0
[program:stubborn]
command=/bin/sh -c "trap '' TERM; echo up; while :; do sleep 1; done"
numprocs=2
process_name=stubborn%(process_num)d
stop_sequence=TERM:1000,INT
stopwaitsecs=1000
pre_start_hook=/bin/true
post_start_hook=/bin/sleep 1000
hook_timeout=1000
[program:exited]
command=/bin/true
autorestart=false
crashlimit=5/1m
[program:off]
command=/bin/sleep 1000
autostart=false
[group:both]
programs=off,exited
[fcgi-program:fast]
command=/bin/sleep 1000
socket=unix://DIR/fast.sock
[eventlistener:listen]
command=/bin/sh -c "echo READY; exec sleep 1000"
events=PROCESS_STATE,TICK_3600
extra_events=SUPERVISOR_UPGRADED
`

// writeGoldenState writes the state with which a supervisord executes a program, which fails. The process ID, times and numbers are
// those of the moment; secrets of this machine are not in it, because supervisord has an environment of its own.
func writeGoldenState(t *testing.T, path string) {
	dir, err := os.MkdirTemp("", "golden")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "supervisord")
	if out, err := exec.Command("go", "build", "-tags", "upgradefaults", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, port, _ := strings.Cut(freeAddress(t), ":")
	config := strings.NewReplacer("DIR", dir, "PORT", port).Replace(goldenConfig)
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	faults := filepath.Join(dir, "faults")
	if err := os.WriteFile(faults, []byte("restored fail golden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	saved := filepath.Join(dir, "state.json")
	// The test binary runs, and is gone back to, so that it sees the state.
	cmd := &exec.Cmd{Path: self, Args: []string{program, "-n", "-s", "-c", filepath.Join(dir, "conf")}, Dir: dir,
		Env: []string{"PATH=/usr/bin:/bin", "HOME=/root", goldenVariable + "=" + saved,
			"SUPERVISORD_FAULTS=" + faults}, Stderr: os.Stderr}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &instance{t: t, dir: dir}
	if d.Client, err = client.New("unix://"+filepath.Join(dir, "s"), "", ""); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	defer func() {
		infos, _ := d.AllProcessInfo(context.Background()) // before the shutdown, in which there is no answer
		_ = cmd.Process.Signal(syscall.SIGTERM)
		for _, p := range infos {
			if p.PID != 0 {
				_ = syscall.Kill(p.PID, syscall.SIGKILL)
			}
		}
		_ = cmd.Wait()
	}()
	d.running("run:0")
	d.wait("programs are in their states", func() bool {
		infos, err := d.AllProcessInfo(t.Context())
		states := map[string]string{}
		for _, p := range infos {
			states[p.Name] = p.StateName
		}
		return err == nil && states["fails"] == "BACKOFF" && states["fatal"] == "FATAL" && states["exited"] == "EXITED" && states["web"] == "RUNNING"
	})
	d.connectGolden()
	if _, err := d.Upgrade(t.Context(), false); err == nil || !strings.HasSuffix(err.Error(), ": golden") {
		t.Fatalf("the program that fails: %v", err)
	}
	text, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte(`"call":`)); n != 4 { // two stops, a followed log, and the upgrade
		t.Fatalf("%d requests wait: %s", n, text)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// connectGolden opens connections of all kinds: an idle one, one with a part of a request, two on which a stop waits, and one on which
// a log is followed.
func (d *instance) connectGolden() {
	d.t.Helper()
	const stop = "<?xml version='1.0'?><methodCall><methodName>supervisor.stopProcess</methodName><params><param><value><string>" +
		"stubborn:stubborn0</string></value></param></params></methodCall>"
	const several = "<?xml version='1.0'?><methodCall><methodName>system.multicall</methodName><params><param><value><array><data><value>" +
		"<struct><member><name>methodName</name><value><string>supervisor.getPID</string></value></member><member><name>params</name><value>" +
		"<array><data></data></array></value></member></struct></value><value><struct><member><name>methodName</name><value><string>" +
		"supervisor.stopProcess</string></value></member><member><name>params</name><value><array><data><value><string>stubborn:stubborn1" +
		"</string></value></data></array></value></member></struct></value></data></array></value></param></params></methodCall>"
	const idle = "<?xml version='1.0'?><methodCall><methodName>supervisor.getState</methodName><params></params></methodCall>"
	post := func(body string) string {
		return fmt.Sprintf("POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	for _, request := range []string{post(idle), post(stop), post(several), "GET /logtail/web HTTP/1.1\r\nHost: x\r\n\r\n", post(idle)[:60]} {
		conn, err := net.Dial("unix", filepath.Join(d.dir, "s"))
		if err != nil {
			d.t.Fatal(err)
		}
		d.t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, request); err != nil {
			d.t.Fatal(err)
		}
		if request == post(idle) || strings.HasPrefix(request, "GET") {
			if _, err := conn.Read(make([]byte, 4000)); err != nil { // the answer has come, or has begun
				d.t.Fatal(err)
			}
		}
	}
	d.wait("programs are being stopped", func() bool {
		infos, err := d.AllProcessInfo(d.t.Context())
		stopping := 0
		for _, p := range infos {
			if p.StateName == "STOPPING" {
				stopping++
			}
		}
		return err == nil && stopping == 2
	})
}
