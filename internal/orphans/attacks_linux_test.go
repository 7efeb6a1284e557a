package orphans

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// TestForeignRecord shows that a file that cannot be ours is ignored, with one warning, and replaced, and that none of them
// makes Open wait.
// covers: SEC-2
func TestForeignRecord(t *testing.T) {
	c := start(t, "victim", 1, "sleep 1000")
	line := string(c.format(nil, ticksNow()))
	head := func(at int64) string { return fmt.Sprintf("supervisord 999999999 %d %s\n", at, bootID()) }
	text := head(1) + line
	write := func(path, text string, mode os.FileMode) error {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		return os.Chmod(path, mode)
	}
	for _, test := range []struct {
		name string
		make func(path string) error
		want string // the warning, with PATH
	}{
		{"a FIFO", func(path string) error { return unix.Mkfifo(path, 0o600) }, "PATH is ignored: it is not a regular file"},
		{"a link", func(path string) error {
			if err := write(path+".target", text, 0o600); err != nil {
				return err
			}
			return os.Symlink(path+".target", path)
		}, "PATH is ignored: it is a symbolic link"},
		{"a link to /dev/zero", func(path string) error { return os.Symlink("/dev/zero", path) }, "PATH is ignored: it is a symbolic link"},
		{"a hard link", func(path string) error {
			if err := write(path, text, 0o600); err != nil {
				return err
			}
			return os.Link(path, path+".other")
		}, "PATH is ignored: it has several names"},
		{"writable by all", func(path string) error { return write(path, text, 0o602) }, "PATH is ignored: others can write it"},
		{"writable by a group", func(path string) error { return write(path, text, 0o620) }, "PATH is ignored: others can write it"},
		{"another user's", func(path string) error {
			if os.Geteuid() != 0 {
				return errNotRoot
			}
			if err := write(path, text, 0o600); err != nil {
				return err
			}
			return os.Chown(path, 65534, 65534)
		}, "PATH is ignored: it belongs to uid 65534"},
		{"large", func(path string) error {
			if err := write(path, text, 0o600); err != nil {
				return err
			}
			return os.Truncate(path, 300<<20)
		}, "PATH is ignored: it has more than 4194304 bytes"},
		{"written later than now", func(path string) error { return write(path, head(99999999999)+line, 0o600) },
			"PATH is ignored: its first line is implausible"},
		{"a rival's lock", func(path string) error {
			return write(path, fmt.Sprintf("supervisord 1 99999999999 %s\n", bootID()), 0o600)
		}, "PATH is ignored: its first line is implausible"},
		{"another text", func(path string) error { return write(path, "root:x:0:0\n", 0o600) }, "PATH is ignored: it is not a record"},
		{"a forged line", func(path string) error {
			return write(path, head(1)+strings.Replace(line, "victim", `x\n2026-01-01 00:00:00,000 CRIT forged`, 1), 0o600)
		}, "1 lines of the record of children PATH are implausible and ignored"},
		{"a child of the future", func(path string) error { return write(path, head(1)+string(c.format(nil, 99999999999)), 0o600) },
			"1 lines of the record of children PATH are implausible and ignored"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "r")
			if err := test.make(path); err == errNotRoot {
				t.Skip(err)
			} else if err != nil {
				t.Fatal(err)
			}
			r, found, log := open(path)
			Release(found)
			want := strings.ReplaceAll(test.want, "PATH", strconv.Quote(path)) + "\n"
			if strings.HasPrefix(test.want, "PATH") {
				want = "the record of children " + want
			}
			if want = "WARN " + want; log != want || len(found) != 0 || r == nil {
				t.Fatalf("%v, logged %q, want %q", found, log, want)
			}
			if st, err := os.Lstat(path); err != nil || st.Mode() != 0o600 || st.Sys().(*syscall.Stat_t).Nlink != 1 {
				t.Errorf("after it: %v, %v", st, err)
			}
			r.Close()
		})
	}
	t.Run("a directory", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "r")
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		r, found, log := open(path)
		if r != nil || found != nil || strings.Count(log, "\n") != 2 {
			t.Errorf("%v, %v, %s", r, found, log)
		}
		if err := r.Add(c, nil); err != nil {
			t.Error(err)
		}
		r.Close()
	})
}

var errNotRoot = fmt.Errorf("only root can give a file away")

// TestExposed shows in which directories others can replace the record.
func TestExposed(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		mode, uid int
		exposed   bool
	}{
		{0o700, -1, false}, {0o755, -1, false}, {0o1777, -1, false}, {0o777, -1, true}, {0o775, -1, true}, {0o700, 65534, true},
	} {
		if test.uid >= 0 {
			if os.Geteuid() != 0 {
				continue
			}
			if err := os.Chown(dir, test.uid, -1); err != nil {
				t.Fatal(err)
			}
		}
		if err := unix.Chmod(dir, uint32(test.mode)); err != nil {
			t.Fatal(err)
		}
		if reason := Exposed(filepath.Join(dir, "r")); (reason != "") != test.exposed {
			t.Errorf("%o: %q", test.mode, reason)
		}
	}
}

// TestRecognized shows that a process counts as the child if its user is that of the program, or if it has the names in its
// environment.
// covers: SEC-9
func TestRecognized(t *testing.T) {
	t.Setenv("SUPERVISOR_GROUP_NAME", "g")
	t.Setenv("SUPERVISOR_PROCESS_NAME", "n")
	c := start(t, "n", 1, "sleep 1000")
	for _, test := range []struct {
		name string
		uid  int
		want bool
	}{
		{"n", c.UID, true}, {"other", c.UID, true}, {"n", 12345, true}, {"n", -1, true}, {"other", 12345, false}, {"", -1, false},
	} {
		c.Name, c.UID = test.name, test.uid
		path := filepath.Join(t.TempDir(), "r")
		if err := os.WriteFile(path, c.format(fmt.Appendf(nil, "supervisord 999999999 1 %s\n", bootID()), ticksNow()), 0o600); err != nil {
			t.Fatal(err)
		}
		r, found, log := open(path)
		Release(found)
		r.Close()
		want := fmt.Sprintf("WARN pid %d is not %q of an earlier supervisord any more, and is left alone\n", c.PID, c)
		if test.want {
			want = fmt.Sprintf("WARN %q of an earlier supervisord still runs with pid %d\n", c, c.PID)
		}
		if log != want || (len(found) == 1) != test.want {
			t.Errorf("%q, uid %d: %v, %s", test.name, test.uid, found, log)
		}
	}
}

// TestSurvivorsKeepTime shows that the time of a survivor's line stays when the file is rewritten: with the time of the rewriting
// any process that has its id by then would pass for it.
// covers: SEC-9
func TestSurvivorsKeepTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	c := start(t, "n", 1, "sleep 1000")
	began, _ := startOf(c.PID)
	text := string(c.format(fmt.Appendf(nil, "supervisord 999999999 1 %s\n", bootID()), began))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return ticksNow() > began+1 })
	r, _ := reopen(t, path)
	r.closeFile()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.HasSuffix(got, c.format(nil, began)) {
		t.Errorf("%s, want %s, %v", got, text, err)
	}
}

// TestGroup shows that a group is signaled while the child leads it, and the child alone when it does not.
// covers: SEC-9
func TestGroup(t *testing.T) {
	dir := t.TempDir()
	leader := start(t, "leader", 1, "sleep 1001 & echo $! >"+dir+"/member; wait")
	var member Child
	until(t, func() bool {
		text, _ := os.ReadFile(dir + "/member")
		member.PID, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return member.PID != 0
	})
	held := holdAll([]entry{{leader, ticksNow()}, {member, ticksNow()}})
	defer Release(held)
	if len(held) != 2 || !held[0].leads() || held[1].leads() {
		t.Fatalf("%v", held)
	}
	if err := held[0].signal(0, true); err != nil {
		t.Error(err)
	}
	if err := held[1].signal(syscall.SIGKILL, true); err != nil || !held[1].wait(time.Minute) {
		t.Error(err)
	}
	if !held[0].wait(time.Minute) || held[0].leads() { // its shell has nothing to wait for
		t.Error("it leads a group after its end")
	}
	again := start(t, "again", 1, "sleep 1000 & wait")
	held = append(held, holdAll([]entry{{again, ticksNow()}})...)
	if err := held[2].signal(syscall.SIGKILL, true); err != nil || !held[2].wait(time.Minute) {
		t.Error(err)
	}
	until(t, func() bool { return syscall.Kill(-again.PID, 0) == syscall.ESRCH })
}

// TestReusedWhileStopping has the process id of a survivor reused after Open, while children of a higher priority are stopped: the
// new process is left alone. It runs in a pid namespace, where it chooses process ids.
// covers: SEC-9
func TestReusedWhileStopping(t *testing.T) {
	if os.Getenv("ORPHANS_NAMESPACE") != "" {
		reuseWhileStopping(t)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: a pid namespace")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestReusedWhileStopping$", "-test.v")
	cmd.Env = append(os.Environ(), "ORPHANS_NAMESPACE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if len(out) == 0 && err != nil {
		t.Skipf("no pid namespace here: %v", err)
	}
	if err != nil || bytes.Contains(out, []byte("SKIP")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func reuseWhileStopping(t *testing.T) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Skip(err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), "r")
	up := path + ".up"
	stubborn := start(t, "stubborn", 2, "trap '' TERM; touch "+up+"; while :; do sleep 1; done")
	until(t, func() bool { _, err := os.Stat(up); return err == nil })
	gone := exec.Command("/bin/sleep", "1000")
	if err := gone.Start(); err != nil {
		t.Fatal(err)
	}
	reused := stubborn
	reused.PID, reused.Name, reused.Priority = gone.Process.Pid, "gone", 1
	text := fmt.Appendf(nil, "supervisord 99999999 1 %s\n", bootID())
	text = reused.format(stubborn.format(text, ticksNow()), ticksNow())
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r, found, log := open(path)
	if r == nil || len(found) != 2 {
		t.Fatal(log)
	}
	gone.Process.Kill()
	gone.Wait()
	innocent := startWithPID(t, reused.PID)
	var stopped bytes.Buffer
	Stop(found, logs.NewMain(&stopped, api.Info))
	if strings.Contains(stopped.String(), `"g:gone"`) {
		t.Errorf("%s", stopped.String())
	}
	if _, runs := startOf(innocent.Process.Pid); !runs {
		t.Error("an unrelated process that got the id was signaled")
	}
}

// startWithPID starts a process with this id, which must be free.
func startWithPID(t *testing.T, pid int) *exec.Cmd {
	t.Helper()
	for range 1000 { // a thread of this process may be faster
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0); err != nil {
			t.Skip(err)
		}
		cmd := exec.Command("/bin/sleep", "1000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		if cmd.Process.Pid == pid {
			return cmd
		}
	}
	t.Fatal("the process id cannot be had")
	return nil
}
