package daemon

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
)

// role is the environment variable that says which part the test binary plays when a test starts it again.
const role = "DAEMON_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "limits":
		reportLimits()
	case "detach":
		runDetached()
	case "background":
		log := func(level api.Level, text string) { fmt.Println(level, text) }
		if err := Background(os.Args[1], 0o022, log); err != nil {
			os.Exit(1)
		}
	case "privileges":
		nobody, err := account.New().Lookup("65534")
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(DropPrivileges(nobody))
		runChild("id", "-u")
		runChild("id", "-g")
	case "descriptors":
		CloseOnExecInherited()
		runChild("sh", "-c", "ls /proc/self/fd; echo have; ls /proc/$PPID/fd")
	default:
		os.Exit(m.Run())
	}
	os.Exit(0)
}

// again is a command that runs script in sh, which then executes the test binary in a role.
func again(as, script string, args ...string) *exec.Cmd {
	cmd := exec.Command("sh", append([]string{"-c", script + `; exec "$0" "$@"`, os.Args[0]}, args...)...)
	cmd.Env = append(os.Environ(), role+"="+as)
	return cmd
}

// runChild runs a command with our standard output and error.
func runChild(name string, args ...string) {
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
	}
}

// reportLimits raises the limits to the numbers in the arguments and prints those of a child.
func reportLimits() {
	fds, _ := strconv.Atoi(os.Args[1])
	procs, _ := strconv.Atoi(os.Args[2])
	messages, err := RaiseLimits(fds, procs)
	fmt.Println(messages, err)
	runChild("sh", "-c", "ulimit -Sn; ulimit -Hn")
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, script string
		args         []string
		want         string
	}{
		{"enough: the child has what we were started with", "ulimit -Sn 300; ulimit -Hn 2000", []string{"200", "1"},
			"[] <nil>\n300\n2000\n"},
		{"raised", "ulimit -Sn 300; ulimit -Hn 2000", []string{"1024", "1"},
			"[Increased RLIMIT_NOFILE limit to 1024] <nil>\n1024\n2000\n"},
		{"processes too", "ulimit -Sn 300; ulimit -Hn 2000; ulimit -Sp 5000 2>/dev/null || ulimit -Su 5000",
			[]string{"100", "6000"}, "[Increased RLIMIT_NPROC limit to 6000] <nil>\n300\n2000\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := again("limits", c.script, c.args...).CombinedOutput()
			if err != nil || string(out) != c.want {
				t.Errorf("%v: got %q, want %q", err, out, c.want)
			}
		})
	}
}

// TestRaised shows which limits are requested. The system may refuse a higher hard limit.
func TestRaised(t *testing.T) {
	const infinity = ^uint64(0)
	for _, c := range []struct {
		soft, hard uint64
		min        int
		want       [2]uint64
		change     bool
	}{
		{300, 2000, 1024, [2]uint64{1024, 2000}, true},
		{512, 512, 1024, [2]uint64{1024, 1024}, true}, // covers: 3.0a11-08b
		{1024, 2000, 1024, [2]uint64{1024, 2000}, false},
		{5000, 9000, 1024, [2]uint64{5000, 9000}, false},
		{300, infinity, 1024, [2]uint64{1024, infinity}, true},
		{infinity, infinity, 1024, [2]uint64{infinity, infinity}, false},
		{0, 100, -1, [2]uint64{0, 100}, false},
	} {
		soft, hard, change := raised(c.soft, c.hard, c.min)
		if got := [2]uint64{soft, hard}; got != c.want || change != c.change {
			t.Errorf("raised(%d, %d, %d) = %v, %v; want %v, %v", c.soft, c.hard, c.min, got, change, c.want, c.change)
		}
	}
}

func TestLimitsOutOfReach(t *testing.T) {
	cmd := again("limits", "ulimit -n 400", "1024", "1")
	if os.Getuid() == 0 {
		dir, binary := publicCopy(t)
		cmd = again("limits", "cd "+dir+"; ulimit -n 400", "1024", "1")
		cmd.Args[3] = binary
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	want := `The minimum number of file descriptors required to run this process is 1024 as per the "minfds" ` +
		`command-line argument or config file setting. The current environment will only allow you to open 400 file ` +
		`descriptors.  Either raise the number of usable file descriptors in your environment (see README.rst) or lower the minfds ` +
		`setting in the config file to allow the process to start.`
	if err != nil || !strings.Contains(string(out), want) {
		t.Errorf("%v: %s", err, out)
	}
}

// publicCopy copies the test binary to where every user may run it.
func publicCopy(t *testing.T) (dir, binary string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "sv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	data, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "test")
	if err := os.WriteFile(binary, data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir, binary
}

func TestInheritedDescriptors(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("no /proc")
	}
	out, err := again("descriptors", "exec 9</dev/null").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	children, ours, _ := strings.Cut(string(out), "have\n")
	for _, fd := range strings.Fields(children) {
		if n, _ := strconv.Atoi(fd); n > 3 { // 3 is what ls reads the directory with
			t.Errorf("the child has %q", children)
		}
	}
	if !strings.Contains(ours, "\n9\n") {
		t.Errorf("descriptor 9 is closed here as well: %q", ours)
	}
}

// runDetached is a small supervisord: it goes to the background, writes a pid file and a report, and waits for SIGTERM.
func runDetached() {
	dir := os.Args[1]
	if !Detached() {
		status, err := Detach()
		if err != nil {
			fmt.Println(err)
			status = 99
		}
		os.Exit(status)
	}
	fmt.Fprintln(os.Stderr, "starting")
	switch os.Args[2] {
	case "fail":
		os.Exit(2)
	case "die":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	var report bytes.Buffer
	log := func(level api.Level, text string) { fmt.Fprintln(&report, level, text) }
	if err := Background(os.Args[2], 0o027, log); err != nil {
		log(api.Critical, err.Error())
	}
	CloseOnExecInherited()
	out, err := exec.Command("sh", "-c", "pwd; umask; ls -l /proc/self/fd | wc -l; env | grep -c "+readyVariable).Output()
	fmt.Fprintf(&report, "%s%v\n", out, err)
	_ = os.WriteFile(filepath.Join(dir, "report"), report.Bytes(), 0o644)
	pid, err := WritePIDFile(filepath.Join(dir, "pid"))
	if err != nil {
		os.Exit(3)
	}
	Ready()
	Ready()
	<-terminated
	pid.Remove()
}

func TestDetach(t *testing.T) {
	dir := t.TempDir()
	var stderr bytes.Buffer
	ended, held, err := os.Pipe() // the daemon holds the writing end until it ends
	if err != nil {
		t.Fatal(err)
	}
	defer ended.Close()
	cmd := again("detach", "exec 9</dev/null", dir, "/")
	cmd.Stderr = &stderr
	cmd.ExtraFiles = []*os.File{held}
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	held.Close()
	b, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatalf("no pid file when the command ends: %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	if stderr.String() != "starting\n" {
		t.Errorf("standard error: %q", stderr.String())
	}
	report, err := os.ReadFile(filepath.Join(dir, "report"))
	if err != nil {
		t.Fatal(err)
	}
	// ls has 0, 1, 2 and the directory open, and prints a line with a total first.
	want := "info daemonizing the supervisord process\ninfo set current directory: '/'\n/\n0027\n5\n0\nexit status 1\n"
	if string(report) != want {
		t.Errorf("report: got %q, want %q", report, want)
	}
	if sid, err := unix.Getsid(pid); sid != pid || err != nil {
		t.Errorf("session %d of pid %d, %v", sid, pid, err)
	}
	if pgid, err := unix.Getpgid(pid); pgid != pid || err != nil {
		t.Errorf("process group %d of pid %d, %v", pgid, pid, err)
	}
	if st, err := os.Stat(filepath.Join(dir, "pid")); err != nil || st.Mode() != 0o640 {
		t.Errorf("pid file: %v, %v", st.Mode(), err)
	}
	if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil && strings.HasPrefix(string(comm), "exe") {
		t.Errorf("the process is called %q", comm)
	}
	for _, fd := range []int{0, 1, 2, 9} {
		target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
		if err == nil && target != "/dev/null" || os.IsNotExist(err) && runtime.GOOS == "linux" {
			t.Errorf("descriptor %d is %q, %v", fd, target, err)
		}
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := ended.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := ended.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("the daemon has not ended: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pid")); !os.IsNotExist(err) {
		t.Errorf("the pid file has not been removed: %v", err)
	}
}

func TestDetachShowsFailure(t *testing.T) {
	for how, want := range map[string]int{"fail": 2, "die": 1} {
		cmd := again("detach", ":", t.TempDir(), how)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != want || stderr.String() != "starting\n" {
			t.Errorf("%s: status %d, want %d; %q", how, got, want, stderr.String())
		}
	}
}

func TestDetachPassesSignalsOn(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "report")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := again("detach", ":", dir, "/") // blocks in writing its report, which is not read
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stderr, make([]byte, len("starting\n"))); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 2 {
		t.Errorf("status %d; the detached process should have died of SIGQUIT with the Go runtime's status 2", got)
	}
}

func TestBackgroundCannotChangeDirectory(t *testing.T) {
	for dir, want := range map[string]string{
		"/no/such": "can't chdir into '/no/such': [Errno 2] No such file or directory: '/no/such'",
		"/no/it's": `can't chdir into "/no/it's": [Errno 2] No such file or directory: "/no/it's"`,
	} {
		out, err := again("background", ":", dir).CombinedOutput()
		if want := "info daemonizing the supervisord process\ncritical " + want + "\n"; string(out) != want || err != nil {
			t.Errorf("%v: got %q, want %q", err, out, want)
		}
	}
}

func TestPIDFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	p, err := WritePIDFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != strconv.Itoa(os.Getpid())+"\n" {
		t.Errorf("the pid file holds %q", b)
	}
	if err := os.WriteFile(path, []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.Remove()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("another's pid file was removed: %v", err)
	}
	if p, err = WritePIDFile(path); err != nil {
		t.Fatal(err)
	}
	p.Remove()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the pid file has not been removed: %v", err)
	}
	p.Remove()
	(*PIDFile)(nil).Remove()
	if _, err := WritePIDFile(filepath.Join(path, "x", "y")); err == nil {
		t.Error("no error for a missing directory")
	}
}

func TestDropPrivilegesToOurselves(t *testing.T) {
	uid := os.Getuid()
	got, err := DropPrivileges(&account.Account{Name: "me", UID: uid, GID: os.Getgid()})
	if want := fmt.Sprintf("Set uid to user %d succeeded", uid); got != want || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDropPrivileges(t *testing.T) {
	want := "Set uid to user 65534 succeeded <nil>\n65534\n65534\n"
	dir, binary := publicCopy(t)
	cmd := exec.Command(binary)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), role+"=privileges")
	if uid := os.Getuid(); uid != 0 && uid != 65534 {
		want = fmt.Sprintf(" Can't drop privilege as nonroot user\n%d\n%d\n", uid, os.Getgid())
	}
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != want {
		t.Errorf("%v: got %q, want %q", err, out, want)
	}
}
