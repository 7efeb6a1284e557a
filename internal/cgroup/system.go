package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// System is what a Tree needs of the system. Tests replace it by one whose cgroups are directories of files.
type System interface {
	Self() int                  // the process id of supervisord
	Proc(file string) string    // the path of a file below /proc
	Parent(pid int) int         // 0: not known
	IsCgroup(path string) bool  // whether it is a directory of a cgroup of version 2
	Delegated(path string) bool // whether the service manager says that it has delegated the cgroup
	Writable(path string) error // why the file cannot be written
	Read(path string) (string, error)
	Write(path, text string) error        // without waiting, as far as the kernel can do that
	WriteThrough(path, text string) error // returns when the kernel has done what it takes
	Mkdir(path string) error
	Rmdir(path string) error
	Open(path string) (fd int, err error) // a directory
	Procs(path string) ([]int, error)     // the processes of a cgroup
	Children(path string) []string        // the names of the cgroups below one
	Kill(pid int, sig syscall.Signal) error
}

// kernel is the system itself.
type kernel struct{}

func (kernel) Self() int               { return os.Getpid() }
func (kernel) Proc(file string) string { return filepath.Join("/proc", file) }

func (kernel) Parent(pid int) int {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])) // the state, the parent, ...
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}

func (kernel) Writable(path string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func (kernel) Read(path string) (string, error) {
	text, err := os.ReadFile(path)
	return string(text), err
}

// Write writes to a file that exists. With O_NONBLOCK, Linux since 6.16 sets a limit of memory and leaves it to the processes in the
// cgroup to get below it; before, it does that itself first. In a cgroup without processes there is nothing to do.
func (kernel) Write(path, text string) error { return write(path, text, unix.O_NONBLOCK) }

// WriteThrough is Write that waits.
func (kernel) WriteThrough(path, text string) error { return write(path, text, 0) }

// write makes one request to the kernel.
func write(path, text string, flag int) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|flag, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for {
		if _, err = unix.Write(fd, []byte(text)); err != unix.EINTR {
			return err
		}
	}
}

func (kernel) Mkdir(path string) error { return unix.Mkdir(path, 0o755) }
func (kernel) Rmdir(path string) error { return unix.Rmdir(path) }

func (kernel) Open(path string) (fd int, err error) {
	return unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
}

func (k kernel) Procs(path string) (pids []int, err error) {
	text, err := k.Read(filepath.Join(path, "cgroup.procs"))
	for field := range strings.FieldsSeq(text) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, err
}

func (kernel) Children(path string) (names []string) {
	entries, _ := os.ReadDir(path) // in a cgroup that has gone there is nothing
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

func (kernel) Kill(pid int, sig syscall.Signal) error { return syscall.Kill(pid, sig) }

// errnoName is the symbolic name of the system error in err, such as "ENOENT"; for any other error its text.
func errnoName(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		if name := unix.ErrnoName(errno); name != "" {
			return name
		}
	}
	return err.Error()
}
