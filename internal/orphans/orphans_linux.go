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

// tick is the unit in which the kernel tells when a process began: the ABI has fixed it.
const tick = 10 * time.Millisecond

// bootID tells one start of the machine from another.
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

// startOf is when a process began, in ticks since boot. A zombie has ended.
func startOf(pid int) (began int64, ok bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	const state, start = 0, 19 // fields behind the name, which may hold anything
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= start || fields[state][0] == 'Z' || fields[state][0] == 'X' {
		return 0, false
	}
	began, err = strconv.ParseInt(string(fields[start]), 10, 64)
	return began, err == nil
}

// victim is a child that is being stopped, held by a descriptor: its process id may become another's at any time.
type victim struct {
	Child
	fd int
}

// hold takes hold of a child; not ok if it has ended.
func hold(c Child) (*victim, bool) {
	now := ticksNow()
	fd, err := unix.PidfdOpen(c.PID, 0)
	if err != nil {
		return nil, false
	}
	v := &victim{c, fd}
	if !(entry{c, now}).alive() {
		v.release()
		return nil, false
	}
	return v, true
}

func (v *victim) release() { unix.Close(v.fd) }

// signal sends a signal to the child, or to its process group.
func (v *victim) signal(sig syscall.Signal, group bool) error {
	if group {
		return syscall.Kill(-v.PID, sig)
	}
	return unix.PidfdSendSignal(v.fd, sig, nil, 0)
}

// gone waits for the end of the child, no longer than patience.
func (v *victim) gone(patience time.Duration) bool {
	end := time.Now().Add(patience)
	for {
		left := max(time.Until(end), 0)
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(v.fd), Events: unix.POLLIN}}, int((left+time.Millisecond-1)/time.Millisecond))
		if n > 0 {
			return true
		}
		if err == nil || err != unix.EINTR {
			return false
		}
	}
}
