package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/freeport"
	"github.com/gosupervisor/supervisor/internal/parentthread"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// roles are what the test binary is besides, by its first argument.
var roles = map[string]func([]string) error{"listener": stormListener, "source": stormSource, "fastcgi": fastCGIProgram}

// goldenVariable names the file to which the test binary writes the state with which it is gone back to. Golden is the program then; nil: there are no
// upgrades on this system.
const goldenVariable = "GOLDEN_STATE"

var golden func() (status int)

// TestMain makes the test binary supervisord itself, with the race detector if the tests have it, and its programs.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if golden != nil && os.Getenv(goldenVariable) != "" {
			parentthread.Main(func() { os.Exit(golden()) })
		}
		if os.Args[1] == "supervisord" {
			os.Exit(run(append([]string{"supervisord"}, os.Args[2:]...)))
		}
		if role := roles[os.Args[1]]; role != nil {
			if err := role(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// instance is a supervisord that runs, and a client of it.
type instance struct {
	*client.Client
	t   *testing.T
	dir string
}

// freeAddress returns an address of 127.0.0.1 that no server has.
func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// startDaemon starts supervisord on a configuration, in which SELF stands for this program and DIR for a directory. It
// must end well when the test does.
func startDaemon(t *testing.T, conf string) *instance {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "sd") // short, for the path of the socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	text := strings.NewReplacer("SELF", self, "DIR", dir).Replace(`
[unix_http_server]
file=DIR/s
[supervisord]
logfile=DIR/log
logfile_maxbytes=0
pidfile=DIR/pid
childlogdir=DIR
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
` + conf)
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "supervisord", "-n", "-s", "-c", filepath.Join(dir, "conf"))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &instance{t: t, dir: dir}
	if d.Client, err = client.New("unix://"+filepath.Join(dir, "s"), "", ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Close()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("supervisord: %v", err)
		}
		if log, err := os.ReadFile(filepath.Join(dir, "log")); t.Failed() && err == nil {
			t.Logf("the log:\n%s", log[max(0, len(log)-8000):])
		}
	})
	d.wait("it answers", func() bool { _, err := d.State(t.Context()); return err == nil })
	return d
}

// maxWait bounds every wait of a test. It is long enough for a busy machine.
const maxWait = 4 * time.Minute

// wait waits until something is so.
func (d *instance) wait(what string, so func() bool) {
	d.t.Helper()
	late := time.After(maxWait)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-late:
			d.t.Fatalf("in vain waited until %s", what)
		}
	}
}

// running waits until a process is RUNNING and returns its process id.
func (d *instance) running(name string) (pid int) {
	d.t.Helper()
	d.wait(name+" is RUNNING", func() bool {
		info, err := d.ProcessInfo(d.t.Context(), name)
		pid = info.PID
		return err == nil && info.StateName == "RUNNING"
	})
	return pid
}

// TestShimIsShort checks that a child that is started through our own executable initializes no large package before it becomes its
// command, and none that waits for package strings, as most do.
func TestShimIsShort(t *testing.T) {
	cmd := exec.Command(child.Self(), "\x01child", "nice", "0", "exec", "/bin/sh", "sh", "-c", "echo done")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "init os ") || !strings.HasSuffix(string(out), "done\n") {
		t.Fatalf("%v: %s", err, out)
	}
	for _, large := range []string{"reflect", "compress/flate", "crypto/sha256", "encoding/json", "golang.org/x/sys/unix", "net/http", "html/template",
		"internal/config", "internal/rpc"} {
		if strings.Contains(string(out), large+" @") {
			t.Errorf("it initializes %s", large)
		}
	}
}
