package daemon

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestProtect checks what other processes can have of our memory, and that children keep the limit of core files.
// covers: SEC-28
func TestProtect(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &before); err != nil {
		t.Fatal(err)
	}
	wide := unix.Rlimit{Cur: min(8192, before.Max), Max: before.Max}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &wide); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		setDumpable(true)
		if err := unix.Setrlimit(unix.RLIMIT_CORE, &before); err != nil {
			t.Error(err)
		}
	})
	limit := func() (now unix.Rlimit) {
		if err := unix.Getrlimit(unix.RLIMIT_CORE, &now); err != nil {
			t.Fatal(err)
		}
		return now
	}
	root := os.Geteuid() == 0
	var m Memory
	for range 2 { // the second time after a reload
		m.Protect()
		if got := limit(); got.Cur != min(1, before.Max) || got.Max != before.Max {
			t.Errorf("our limit of core files is %+v, before %+v", got, before)
		}
		if want := !root || !mayTraceAll(); dumpable(t) != want {
			t.Errorf("as root: %v; dumpable: %v", root, !want)
		}
	}
	for _, hidden := range []bool{true, false} { // with CAP_SYS_PTRACE and without
		m.hidden = hidden
		m.BeforeStart()
		sh := exec.Command("sh", "-c", "grep '^Max core' /proc/self/limits")
		if root {
			sh.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := sh.CombinedOutput()
		if f := strings.Fields(string(out)); err != nil || len(f) < 6 || f[4] != fmt.Sprint(wide.Cur) {
			t.Errorf("limit of the child: %q, %v; want %d", out, err, wide.Cur)
		}
		if root && dumpable(t) {
			t.Error("a child that changes its user leaves us dumpable: AfterStart has nothing to do")
		}
		m.AfterStart()
		if got := dumpable(t); root && got == hidden || limit().Cur == wide.Cur && wide.Cur > 1 {
			t.Errorf("hidden: %v; after a start we are dumpable: %v, with the limit %+v", hidden, got, limit())
		}
	}
}

func dumpable(t *testing.T) bool {
	t.Helper()
	value, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return value == 1
}
