package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

func TestParseStat(t *testing.T) {
	line := "7 (a) S (b) R 3 7 7 0 -1 4194304 1 2 3 4 150 25 900 900 20 0 1 0\n"
	got, err := parseStat([]byte(line))
	want := stat{name: "a) S (b", state: "R", parent: 3}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", "7 (a) R", "7 (a) R x 7 7"} {
		if _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q was taken for a stat line", bad)
		}
	}
}

func TestKeyed(t *testing.T) {
	data := []byte("Rss:   12 kB\nPss:    34 kB\nPss_Dirty:  5 kB\n")
	if n, err := field(data, "Pss:"); n != 34 || err != nil {
		t.Errorf("Pss: %d, %v", n, err)
	}
	if _, err := field(data, "Swap:"); err == nil {
		t.Error("a missing key was found")
	}
}

// TestOwnFigures reads what /proc says about the test itself.
func TestOwnFigures(t *testing.T) {
	self := os.Getpid()
	if memory, err := memoryOfProcess(self); memory < 1<<20 || err != nil {
		t.Errorf("memory %d, %v", memory, err)
	}
	if n, err := switches(self); n == 0 || err != nil {
		t.Errorf("context switches %d, %v", n, err)
	}
	if ran, err := onCPU(self); ran == 0 || err != nil {
		t.Errorf("processor time %v, %v", ran, err)
	}
	if !alive(self) {
		t.Error("the test is not alive")
	}
}

func TestZombieIsNotAlive(t *testing.T) {
	cmd := exec.Command("cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	if !alive(pid) {
		t.Error("cat is not alive")
	}
	if got, err := children(os.Getpid()); err != nil || len(got) != 1 || got[0] != pid {
		t.Errorf("children %v, %v, want %d", got, err, pid)
	}
	stdin.Close()
	exited(t, pid)
	if alive(pid) {
		t.Error("the zombie is alive")
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Error("a reaped process is alive")
	}
}

// exited waits until a child has exited, and leaves it a zombie.
func exited(t *testing.T, pid int) {
	t.Helper()
	const byPID, exitedOnly, noWait = 1, 4, 0x01000000
	if _, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(pid), 0, exitedOnly|noWait, 0, 0); errno != 0 {
		t.Fatalf("waitid: %v", errno)
	}
}
