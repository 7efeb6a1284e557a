package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// process is a process that is signaled by a descriptor: if it ends, a new process with its pid is not signaled instead.
type process struct {
	pid int
	fd  int // -1 if the kernel has no such descriptors
}

// hold returns the process with the pid. The error is ESRCH if it has ended, also if its parent does not know yet.
func hold(pid int) (process, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	switch {
	case errors.Is(err, unix.ESRCH):
		return process{}, err
	case err != nil: // before Linux 5.3, or not allowed
		fd = -1
	}
	p := process{pid, fd}
	if p.ended(0) {
		p.release()
		return process{}, unix.ESRCH
	}
	return p, nil
}

func (p process) release() {
	if p.fd >= 0 {
		_ = unix.Close(p.fd)
	}
}

func (p process) signal(s syscall.Signal) error {
	if p.fd < 0 {
		return unix.Kill(p.pid, s)
	}
	return unix.PidfdSendSignal(p.fd, s, nil, 0)
}

// wait returns when the process has ended.
func (p process) wait() {
	if p.fd < 0 {
		poll(p.pid)
		return
	}
	p.ended(-1)
}

// ended reports whether the process has ended within so many milliseconds, -1 for any time. It is false without a descriptor.
func (p process) ended(timeout int) bool {
	if p.fd < 0 {
		return false
	}
	fds := []unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, timeout)
		if !errors.Is(err, unix.EINTR) {
			return n > 0
		}
	}
}

// status returns the numbers in a line of /proc/PID/status.
func status(pid int, name string) (numbers []int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, name+":")
		if !ok {
			continue
		}
		for field := range strings.FieldsSeq(rest) {
			n, err := strconv.Atoi(field)
			if err != nil {
				return nil, err
			}
			numbers = append(numbers, n)
		}
		return numbers, nil
	}
	return nil, fmt.Errorf("/proc/%d/status has no %s", pid, name)
}

func (p process) users() (users, error) {
	ids, err := status(p.pid, "Uid") // real, effective, saved, of the file system
	if err != nil || len(ids) < 3 {
		return users{}, fmt.Errorf("cannot read the user of process %d: %w", p.pid, err)
	}
	return users{real: uint32(ids[0]), saved: uint32(ids[2])}, nil
}

// descends reports whether ancestor started the process, or one that did.
func (p process) descends(ancestor int) bool {
	for pid := p.pid; pid > 1; {
		parent, err := status(pid, "PPid")
		if err != nil || len(parent) == 0 {
			return false
		}
		if pid = parent[0]; pid == ancestor {
			return true
		}
	}
	return false
}

// names are the variables by which supervisord names a program.
var names = []string{"SUPERVISOR_PROCESS_NAME", "SUPERVISOR_GROUP_NAME", "SUPERVISOR_SERVER_URL"}

// hasOurNames reports whether the process was started with the same names as we were.
func (p process) hasOurNames() bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.pid))
	if err != nil || os.Getenv(names[0]) == "" {
		return false
	}
	text = append([]byte{0}, text...)
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok && !bytes.Contains(text, []byte("\x00"+name+"="+value+"\x00")) {
			return false
		}
	}
	return true
}
