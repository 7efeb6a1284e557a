package conformance

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs every script below scripts, each area as a subtest.
func TestScripts(t *testing.T) {
	const dir = "scripts"
	if _, err := os.Stat(impl.supervisord); err != nil {
		t.Fatalf("no programs to test: %v", err)
	}
	areas, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(areas) == 0 {
		t.Fatalf("no areas below %s: %v", dir, err)
	}
	for _, area := range areas {
		t.Run(filepath.Base(area), func(t *testing.T) {
			t.Parallel()
			work, err := os.MkdirTemp(root, filepath.Base(area)) // its own with -count, too
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(work, 0o755); err != nil {
				t.Fatal(err)
			}
			testscript.Run(t, testscript.Params{
				Dir: area, WorkdirRoot: work, Setup: setup, Condition: condition, Cmds: commands(),
			})
		})
	}
}

func condition(cond string) (bool, error) {
	switch cond {
	case "reference", "ours":
		return impl.name == cond, nil
	case "root":
		return os.Getuid() == 0, nil
	case "hostconfig":
		for _, file := range []string{"/etc/supervisord.conf", "/etc/supervisor/supervisord.conf"} {
			if _, err := os.Stat(file); err == nil {
				return true, nil
			}
		}
		return false, nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

type sessionKey struct{}

// session is what the commands of one running script share.
type session struct {
	work    string
	vars    *strings.Replacer // $CHILD, $WORK, $PORT, $PORT2, $PIDPROXY in configurations
	mark    string            // value of the variable mark in every process of this script
	daemons []*daemon
	argv0   string // program of the last startfails
	stderr  string // and its standard error
}

// of returns the session of the script.
func of(ts *testscript.TestScript) *session { return ts.Value(sessionKey{}).(*session) }

func setup(env *testscript.Env) error {
	// The script's own umask decides about files; a child of another user must get in.
	if err := os.Chmod(env.WorkDir, 0o755); err != nil {
		return err
	}
	s := &session{work: env.WorkDir, mark: env.WorkDir}
	env.Values[sessionKey{}] = s
	for _, v := range []struct{ name, value string }{
		{mark, s.mark}, {"CHILD", child},
		{"SUPERVISORD", impl.supervisord}, {"CTL", impl.supervisorctl}, {"PIDPROXY", impl.pidproxy}, {"SAMPLE", impl.sample},
	} {
		env.Setenv(v.name, v.value)
	}
	vars := []string{"$CHILD", child, "$WORK", s.work, "$PIDPROXY", impl.pidproxy}
	for _, name := range []string{"PORT2", "PORT"} { // the longer name first, for the replacer
		port, err := freePort()
		if err != nil {
			return err
		}
		env.Setenv(name, strconv.Itoa(port))
		vars = append(vars, "$"+name, strconv.Itoa(port))
	}
	s.vars = strings.NewReplacer(vars...)
	tb := env.T().(testing.TB)
	tb.Cleanup(func() { s.end(tb) })
	return nil
}

// freePort returns a TCP port of 127.0.0.1 on which nobody listens now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// end shows what the daemons said if the script failed, and leaves nothing of the script behind.
func (s *session) end(tb testing.TB) {
	if tb.Failed() {
		for _, name := range []string{"sd.conf", "main.log", "daemon.out", "daemon.err"} {
			if data, err := os.ReadFile(filepath.Join(s.work, name)); err == nil {
				tb.Logf("== %s\n%s", name, lastBytes(data, 8000))
			}
		}
	}
	// What a daemon does when it is told to end has scripts of its own; here it is killed, as its children are.
	// A process may start another while we look, so look until there is none.
	poll(func() bool {
		for _, d := range s.daemons {
			if d.alive() {
				_ = syscall.Kill(d.pid, syscall.SIGKILL)
			}
		}
		pids := marked(s.mark)
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return len(pids) == 0
	})
	if !(*keep && tb.Failed()) {
		if err := os.RemoveAll(s.work); err != nil {
			tb.Errorf("cannot remove the script's directory: %v", err)
		}
	}
}

func lastBytes(data []byte, n int) []byte {
	if len(data) > n {
		return data[len(data)-n:]
	}
	return data
}
