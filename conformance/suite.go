package conformance

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gosupervisor/supervisor/internal/freeport"
)

// Suite names the programs under test and the directory for scripts. Keep and the fields after it are optional.
type Suite struct {
	Name                       string // "ours" or "reference": whose behavior is expected where the two differ
	Supervisord, Supervisorctl string // absolute paths; pidproxy and echo_supervisord_conf are looked for beside supervisord
	Child                      string // the program of fixtures/child/cmd, executable by every user
	Dir                        string // a directory that every user may enter; short, because sockets are in it
	Keep                       bool   // leave the directories of failed scripts in place

	// Directories of our listeners and examples, which must work under every implementation. Empty: their scripts are skipped.
	Listeners, Samples string

	// Build builds supervisord in the way called name into the file at path. nil: scripts that need it are skipped.
	Build func(name, path string) error
	built sync.Map // results of Build by name, func() error

	patience patience
	repeated atomic.Int32 // scripts that failed in all their runs, with the original
}

// Parallelism returns the number of scripts to run at once. They mostly wait, so it exceeds the number of processors, less for the
// original, whose programs need a second of processor time to start.
func (s *Suite) Parallelism() int {
	if s.Name == "reference" {
		return 2 * runtime.GOMAXPROCS(0)
	}
	return 4 * runtime.GOMAXPROCS(0)
}

func (s *Suite) condition(cond string) (bool, error) {
	if name, ok := strings.CutPrefix(cond, "variant:"); ok {
		return s.Build != nil, s.build(name)
	}
	if controller, ok := strings.CutPrefix(cond, "cgroup:"); ok {
		return hasCgroups(controller), nil
	}
	switch cond {
	case "cgroup":
		return hasCgroups(""), nil
	case "reference", "ours":
		return s.Name == cond, nil
	case "root":
		return os.Getuid() == 0, nil
	case "listeners":
		return s.Listeners != "" && s.Samples != "", nil
	case "fleet":
		return s.hasFleet(), nil
	case "nss":
		library, err := filepath.Glob("/usr/lib*/*/libnss_systemd.so.2")
		return len(library) > 0, err
	case "resource":
		return mayRaiseLimits(), nil
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

// variants is the directory of supervisord built in other ways.
func (s *Suite) variants() string { return filepath.Join(s.Dir, "variants") }

// build builds a variant unless that has been done.
func (s *Suite) build(name string) error {
	if s.Build == nil {
		return nil
	}
	once, _ := s.built.LoadOrStore(name, sync.OnceValue(func() error {
		return s.Build(name, filepath.Join(s.variants(), name, "supervisord"))
	}))
	return once.(func() error)()
}

// mayRaiseLimits reports whether a process that we start may raise a hard limit: root with CAP_SYS_RESOURCE.
func mayRaiseLimits() bool {
	const capSysResource = 24
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(status), "CapEff:")
	word, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
	set, err := strconv.ParseUint(word, 16, 64)
	return err == nil && set&(1<<capSysResource) != 0
}

type sessionKey struct{}

// session is the state that the commands of a running script share.
type session struct {
	suite   *Suite
	work    string
	vars    *strings.Replacer // $CHILD, $WORK, $PORT, $PORT2, ... in configurations
	mark    string            // value of the variable mark in every process of this script
	daemons []*daemon
	argv0   string // program of the last startfails
	stderr  string // and its standard error
	closers []io.Closer
	proxy   *proxy
	t       *trial
	command string // the name of the command that runs
}

// of returns the session of the script.
func of(ts *testscript.TestScript) *session { return ts.Value(sessionKey{}).(*session) }

func (s *Suite) setup(env *testscript.Env) error {
	// Children of other users must be able to enter.
	if err := os.Chmod(env.WorkDir, 0o755); err != nil {
		return err
	}
	t := env.T().(*trial)
	run := &session{suite: s, work: env.WorkDir, mark: env.WorkDir, t: t}
	env.Values[sessionKey{}] = run
	beside := filepath.Dir(s.Supervisord)
	pidproxy := filepath.Join(beside, "pidproxy")
	for _, v := range []struct{ name, value string }{
		{mark, run.mark}, {"CHILD", s.Child}, {"SUPERVISORD", s.Supervisord}, {"CTL", s.Supervisorctl},
		{"PIDPROXY", pidproxy}, {"SAMPLE", filepath.Join(beside, "echo_supervisord_conf")},
		{"LISTENERS", s.Listeners}, {"SAMPLES", s.Samples}, {"VARIANTS", s.variants()},
		{"CGROUP", cgroupPath(run.work)}, {"CGROUPS", cgroupsHere()},
	} {
		env.Setenv(v.name, v.value)
	}
	for _, set := range coverEnv() {
		name, value, _ := strings.Cut(set, "=")
		env.Setenv(name, value)
	}
	vars := []string{"$CHILD", s.Child, "$WORK", run.work, "$CGROUP", cgroupPath(run.work), "$PIDPROXY", pidproxy,
		"$LISTENERS", s.Listeners, "$SAMPLES", s.Samples}
	for _, name := range []string{"PORT2", "PORT"} { // the longer name first, for the replacer
		port, err := freeport.Get()
		if err != nil {
			return err
		}
		env.Setenv(name, strconv.Itoa(port))
		vars = append(vars, "$"+name, strconv.Itoa(port))
	}
	run.vars = strings.NewReplacer(vars...)
	end := run.watch()
	t.Cleanup(func() {
		end()
		run.end()
	})
	return nil
}

// coverEnv returns the environment that programs under test need if they were built with -cover.
func coverEnv() []string {
	if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		return []string{"GOCOVERDIR=" + dir}
	}
	return nil
}

// end logs the output of the daemons if the script failed, then kills its processes and removes its directory.
func (s *session) end() {
	t := s.t
	if t.Failed() {
		for _, name := range []string{"sd.conf", "main.log", "daemon.out", "daemon.err"} {
			if data, err := os.ReadFile(filepath.Join(s.work, name)); err == nil {
				t.Log(fmt.Sprintf("== %s\n%s", name, lastBytes(data, 8000)))
			}
		}
	}
	// A process may start another meanwhile, so repeat until there is none.
	s.command = "end"
	s.poll(s.kill)
	for _, c := range s.closers {
		_ = c.Close()
	}
	if !(s.suite.Keep && t.Failed()) {
		if err := os.RemoveAll(s.work); err != nil {
			t.Fatal("cannot remove the script's directory: ", err)
		}
	}
}

// kill kills all processes of the script, and reports whether there was none. Daemons are killed and not stopped: an orderly stop
// has scripts of its own.
func (s *session) kill() bool {
	for _, d := range s.daemons {
		if d.alive() {
			_ = syscall.Kill(d.pid, syscall.SIGKILL)
		}
	}
	return s.killMarked()
}

func (s *session) killMarked() (none bool) {
	pids := marked(s.mark)
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return len(pids) == 0
}

func lastBytes(data []byte, n int) []byte {
	if len(data) > n {
		return data[len(data)-n:]
	}
	return data
}
