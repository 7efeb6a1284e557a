//go:build !linux

package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// process is a process that is signaled by its pid.
type process struct{ pid int }

// hold returns the process with the pid.
func hold(pid int) (process, error) { return process{pid}, nil }

func (p process) release() {}

func (p process) signal(s syscall.Signal) error { return syscall.Kill(p.pid, s) }

// wait returns when the process has ended.
func (p process) wait() { poll(p.pid) }

// ps returns numbers that /bin/ps reports about a process.
func ps(pid int, columns ...string) (numbers []int, err error) {
	args := []string{"-p", strconv.Itoa(pid)}
	for _, column := range columns {
		args = append(args, "-o", column+"=")
	}
	out, err := exec.Command("/bin/ps", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	for field := range strings.FieldsSeq(string(out)) {
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil, fmt.Errorf("ps: %w", err)
		}
		numbers = append(numbers, n)
	}
	if len(numbers) != len(columns) {
		return nil, fmt.Errorf("ps printed %q", out)
	}
	return numbers, nil
}

func (p process) users() (users, error) {
	ids, err := ps(p.pid, "ruid", "svuid")
	if err != nil {
		return users{}, err
	}
	return users{real: uint32(ids[0]), saved: uint32(ids[1])}, nil
}

// descends reports whether ancestor started the process, or one that did.
func (p process) descends(ancestor int) bool {
	for pid := p.pid; pid > 1; {
		parent, err := ps(pid, "ppid")
		if err != nil {
			return false
		}
		if pid = parent[0]; pid == ancestor {
			return true
		}
	}
	return false
}

// hasOurNames reports false: other users' environments cannot be read on every system.
func (p process) hasOurNames() bool { return false }
