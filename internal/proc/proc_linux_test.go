package proc

import (
	"bufio"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

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
			pid, err := strconv.Atoi(pids.Text())
			if err != nil {
				t.Fatal(err)
			}
			s, err := newProcfs("/proc").process(pid)
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
	alone, err := newProcfs("/proc").process(os.Getpid())
	if err != nil || alone.pages == 0 {
		t.Fatalf("%+v, %v", alone, err)
	}
	processes, err := newProcfs("/proc").processes()
	if err != nil {
		t.Fatal(err)
	}
	members := 0
	for _, s := range processes.list {
		if s.group == pid {
			members++
		}
	}
	if own := processes.find(pid).pages * int64(os.Getpagesize()); members != 3 || used[pid] <= own {
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

// TestReadSelf reads this program.
func TestReadSelf(t *testing.T) {
	var r Reader
	for _, what := range []What{{}, {Tree: true, PSS: true}} {
		u := r.Read([]Child{{os.Getpid(), time.Now().Add(-time.Hour)}}, time.Now(), what)[0]
		if u.CPU < 0 || u.RSS < 1<<20 || u.FDs < 3 || u.Threads < 1 || u.Processes < 1 || what.PSS != (u.PSS > 0) {
			t.Errorf("%+v: %+v", what, u)
		}
	}
}

// TestCountFDs counts descriptors by the size of the directory as by its entries.
func TestCountFDs(t *testing.T) {
	if !countsFDs() {
		t.Skip("this kernel has no size of such directories")
	}
	cmd := exec.Command("/bin/sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	p := newProcfs("/proc")
	n, _ := p.countFDs(cmd.Process.Pid, true)
	entries, _ := p.countFDs(cmd.Process.Pid, false)
	if n != entries || n < 3 {
		t.Errorf("%d and %d", n, entries)
	}
	for _, bySize := range []bool{true, false} {
		if n, gone := p.countFDs(1<<30, bySize); n != Unknown || !gone {
			t.Errorf("of no process: %d, %t", n, gone)
		}
	}
}

// BenchmarkRead compares the reading of all processes of this system with a loop that reads the same files.
func BenchmarkRead(b *testing.B) {
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("raw", func(b *testing.B) {
		buf := make([]byte, 4096)
		for b.Loop() {
			for _, name := range names {
				fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
				if err != nil {
					continue
				}
				_, _ = syscall.Read(fd, buf)
				_ = syscall.Close(fd)
			}
		}
	})
	b.Run("processes", func(b *testing.B) {
		p := newProcfs("/proc")
		for b.Loop() {
			if _, err := p.processes(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
