package proc

import (
	"bufio"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseStat(t *testing.T) {
	const rest = " S 7 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 99 1000 321 18446744073709551615 1"
	for _, name := range []string{"sh", "a b", "a) S (b", ""} {
		s, err := parseStat([]byte("42 (" + name + ")" + rest))
		if want := (stat{parent: 7, group: 42, pages: 321}); err != nil || s != want {
			t.Errorf("%q: %+v, %v", name, s, err)
		}
	}
	for _, text := range []string{"", "42 (sh", "42 (sh) S 7", "42 (sh)" + strings.Replace(rest, "321", "x", 1)} {
		if _, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (sh) S 7 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 99 1000 321 1 1"))
	f.Fuzz(func(t *testing.T, text []byte) { _, _ = parseStat(text) })
}

func TestTrees(t *testing.T) {
	processes := table{
		1:  {parent: 0, group: 1, pages: 1000},
		10: {parent: 1, group: 10, pages: 1},  // a program
		11: {parent: 10, group: 10, pages: 2}, // its child
		12: {parent: 11, group: 12, pages: 4}, // and its grandchild, which has a group of its own
		13: {parent: 1, group: 10, pages: 8},  // an orphan in its group
		14: {parent: 13, group: 14, pages: 16},
		20: {parent: 1, group: 20, pages: 32},
		21: {parent: 20, group: 10, pages: 64}, // a child of one program in the group of another one
		30: {parent: 31, group: 30, pages: 128},
		31: {parent: 30, group: 30, pages: 256}, // a cycle, because a number was used again during the scan
	}
	want := map[int]int64{10: 1 + 2 + 4 + 8 + 64, 20: 32 + 64}
	if d := cmp.Diff(want, processes.trees(map[int]bool{10: true, 20: true, 99: true})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestMemory measures a process that has a child, and whose group has an orphan.
func TestMemory(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "(sleep 1000 & echo $!); sleep 1000 & echo $!; wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	pids := bufio.NewScanner(out)
	for range 2 {
		if !pids.Scan() {
			t.Fatal("the shell has ended")
		}
		// It has no memory for a moment while it executes the command, and the kernel counts little of it late.
		for late := time.Now().Add(time.Minute); ; {
			name, _ := os.ReadFile(filepath.Join("/proc", pids.Text(), "comm"))
			s, err := readStat(filepath.Join("/proc", pids.Text(), "stat"), make([]byte, 4096))
			if string(name) == "sleep\n" && s.pages > 0 {
				break
			}
			if err != nil || time.Now().After(late) {
				t.Fatalf("%s: %+v, %v", name, s, err)
			}
		}
	}
	pid := cmd.Process.Pid
	used, err := Memory([]Target{{PID: pid}, {PID: 1 << 30}})
	if err != nil || len(used) != 1 {
		t.Fatalf("%v, %v", used, err)
	}
	alone, err := readStat(filepath.Join("/proc", "self", "stat"), make([]byte, 4096))
	if err != nil || alone.pages == 0 {
		t.Fatalf("%+v, %v", alone, err)
	}
	processes, err := scan("/proc")
	if err != nil {
		t.Fatal(err)
	}
	members := 0
	for _, s := range processes {
		if s.group == pid {
			members++
		}
	}
	if own := processes[pid].pages * int64(os.Getpagesize()); members != 3 || used[pid] <= own {
		t.Errorf("%d bytes, of which %d of the shell, of %d processes", used[pid], own, members)
	}
}

// TestCgroup measures a control group in place of the processes, unless it does not count memory.
func TestCgroup(t *testing.T) {
	used, err := Memory([]Target{{PID: 7, Cgroup: func() (uint64, bool) { return 200000, true }}})
	if want := map[int]int64{7: 200000}; err != nil || !maps.Equal(used, want) {
		t.Errorf("%v, %v", used, err)
	}
	used, err = Memory([]Target{{PID: os.Getpid(), Cgroup: func() (uint64, bool) { return 5, false }}})
	if err != nil || used[os.Getpid()] < 1<<20 {
		t.Errorf("without memory of the group: %v, %v", used, err)
	}
}
