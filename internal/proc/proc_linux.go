package proc

import (
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// procfs is the file system in which the kernel shows processes.
type procfs struct {
	root string
	buf  []byte
}

func thisSystem() system { return newProcfs("/proc") }

func newProcfs(root string) *procfs { return &procfs{root, make([]byte, 4096)} }

func (p *procfs) boot() uint64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 1 << 62 // every process is older
	}
	return uint64(t.Nano()) / uint64(time.Second/ticksPerSecond)
}

func (p *procfs) pageSize() int64 { return int64(os.Getpagesize()) }

// processes reads all processes. One that ends meanwhile is left out.
func (p *procfs) processes() (*table, error) {
	dir, err := os.Open(p.root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	t := &table{list: make([]stat, 0, len(names)), at: make(map[int]int, len(names))}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if s, err := p.process(pid); err == nil {
			t.add(s)
		}
	}
	return t, nil
}

func (p *procfs) process(pid int) (stat, error) {
	text, err := p.readFile(p.path(pid, "stat"))
	if err != nil {
		return stat{}, err
	}
	s, err := parseStat(text)
	s.pid = pid
	return s, err
}

func (p *procfs) path(pid int, file string) string {
	return p.root + "/" + strconv.Itoa(pid) + "/" + file
}

// readFile returns the beginning of a file, which is valid until the next call. It makes three system calls and nothing else: package os
// would ask also whether the file can be waited for.
func (p *procfs) readFile(path string) ([]byte, error) {
	fd, err := retry(func() (int, error) { return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	n, err := retry(func() (int, error) { return unix.Read(fd, p.buf) })
	return p.buf[:max(n, 0)], err
}

func retry(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); err != unix.EINTR {
			return n, err
		}
	}
}

// countsFDs reports whether the size of a directory of descriptors is their number, as it is since Linux 6.2.
var countsFDs = sync.OnceValue(func() bool {
	var s unix.Stat_t
	return unix.Stat("/proc/self/fd", &s) == nil && s.Size > 0
})

func (p *procfs) fds(pid int) (n int64, gone bool) { return p.countFDs(pid, countsFDs()) }

func (p *procfs) countFDs(pid int, bySize bool) (n int64, gone bool) {
	path := p.path(pid, "fd")
	if bySize {
		var s unix.Stat_t
		if err := unix.Stat(path, &s); err != nil {
			return Unknown, isGone(err)
		}
		return s.Size, false
	}
	dir, err := os.Open(path)
	if err != nil {
		return Unknown, os.IsNotExist(err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return Unknown, os.IsNotExist(err)
	}
	return int64(len(names)), false
}

func (p *procfs) pss(pid int) (n int64, gone bool) {
	text, err := p.readFile(p.path(pid, "smaps_rollup"))
	if err != nil {
		return Unknown, isGone(err)
	}
	if n, ok := parsePSS(text); ok {
		return n, false
	}
	return Unknown, false
}

// isGone reports whether an error says that a process has ended.
func isGone(err error) bool { return err == unix.ENOENT || err == unix.ESRCH }

// Memory returns the resident memory of the targets in bytes, by their pid: that of the process, of all its descendants, and of all
// processes whose process group it leads, because one whose parent has ended stays in that. All targets are served by one look at all
// processes of the system. What cannot be measured is left out; an error is about all.
func Memory(targets []Target) (map[int]int64, error) {
	used, roots := map[int]int64{}, map[int]bool{}
	for _, t := range targets {
		if t.Cgroup != nil {
			if n, ok := t.Cgroup(); ok {
				used[t.PID] = int64(n)
				continue
			}
		}
		roots[t.PID] = true
	}
	if len(roots) == 0 {
		return used, nil
	}
	system := newProcfs("/proc")
	all, err := system.processes()
	if err != nil {
		return used, err
	}
	all.trees(roots, func(root int, s *stat) { used[root] += s.pages * system.pageSize() })
	return used, nil
}
