package orphans

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of /proc/PID/stat, which is fixed by the kernel's ABI.
const tick = 10 * time.Millisecond

// bootID is different after each boot, and empty if the system has no such id.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// ticksNow is the time since boot.
func ticksNow() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	return now.Nano() / int64(tick)
}

// startOf returns when a process began, in ticks since boot; not ok if it has ended, as a zombie has.
func startOf(pid int) (began int64, ok bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	const state, start = 0, 19 // fields after the name, which may contain anything
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= start || fields[state][0] == 'Z' || fields[state][0] == 'X' {
		return 0, false
	}
	began, err = strconv.ParseInt(string(fields[start]), 10, 64)
	return began, err == nil
}

// target is a child to be stopped, with a descriptor: its process id may be reused at any time.
type target struct {
	Child
	fd int
}

// openTarget opens a child; not ok if it has ended.
func openTarget(c Child) (t *target, ok bool) {
	now := ticksNow()
	fd, err := unix.PidfdOpen(c.PID, 0)
	if err != nil {
		return nil, false
	}
	t = &target{c, fd}
	if !(entry{c, now}).alive() {
		t.close()
		return nil, false
	}
	return t, true
}

func (t *target) close() { unix.Close(t.fd) }

// signal sends a signal to the child, or to its process group.
func (t *target) signal(sig syscall.Signal, group bool) error {
	if group {
		return syscall.Kill(-t.PID, sig)
	}
	return unix.PidfdSendSignal(t.fd, sig, nil, 0)
}

// wait waits up to timeout for the child's end, and reports whether it has ended.
func (t *target) wait(timeout time.Duration) bool {
	end := time.Now().Add(timeout)
	for {
		left := max(time.Until(end), 0)
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLIN}}, int((left+time.Millisecond-1)/time.Millisecond))
		if n > 0 {
			return true
		}
		if err == nil || err != unix.EINTR {
			return false
		}
	}
}
