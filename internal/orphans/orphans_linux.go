package orphans

import (
	"bytes"
	"io"
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

// isNamedAsWe reports whether a process executes a program of the name of ours: in another container the same process id may
// have an older process.
func isNamedAsWe(pid int) bool {
	ours, err1 := os.ReadFile("/proc/self/comm")
	other, err2 := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return err1 == nil && err2 == nil && bytes.Equal(ours, other)
}

// Survivor is a child of an earlier supervisord that still runs. It is held by a descriptor of its process, so that a signal
// cannot reach another one that gets its id.
type Survivor struct {
	entry
	fd  int   // -1: none
	err error // why there is none
}

// held returns why the process cannot be signaled.
func (s *Survivor) held() error { return s.err }

// holdAll opens the processes of all entries that still run.
func holdAll(entries []entry) (held []*Survivor) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil
	}
	for _, e := range entries {
		s := &Survivor{entry: e, fd: -1, err: unix.EMFILE}
		if uint64(len(held)) < limit.Cur/2 { // the rest is for programs and clients
			s.fd, s.err = unix.PidfdOpen(e.PID, 0)
		}
		if s.alive() { // looked at after it was opened
			held = append(held, s)
		} else {
			s.release()
		}
	}
	return held
}

func (s *Survivor) release() {
	if s.fd >= 0 {
		unix.Close(s.fd)
		s.fd = -1
	}
}

// recognized reports whether the process that is held is the child. Its id and the time at which it began fit; now its user
// is that of the program, or its environment has the names that supervisord set.
func (s *Survivor) recognized() bool {
	uid, ok := userOf(s.PID)
	if !ok || uid != s.UID && !hasEnviron(s.PID, "SUPERVISOR_GROUP_NAME="+s.Group, "SUPERVISOR_PROCESS_NAME="+s.Name) {
		return false
	}
	return s.fd < 0 || unix.PidfdSendSignal(s.fd, 0, nil, 0) == nil // it was not reaped: all this was read of it
}

// userOf is the real user of a process, which a program with the set-user-ID bit does not change.
func userOf(pid int) (uid int, ok bool) {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, false
	}
	_, rest, _ := bytes.Cut(status, []byte("\nUid:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0, false
	}
	uid, err = strconv.Atoi(string(fields[0]))
	return uid, err == nil
}

// environTimeout is how long reading an environment may take: its process can make the memory wait for itself.
const environTimeout = time.Second

// hasEnviron reports whether a process was started with all these variables, and has not overwritten its environment.
func hasEnviron(pid int, variables ...string) bool {
	const limit = 8 << 20 // what a process can be started with is less
	read := make(chan []byte, 1)
	go func() {
		defer close(read)
		file, err := os.Open("/proc/" + strconv.Itoa(pid) + "/environ")
		if err != nil {
			return
		}
		defer file.Close()
		if environ, err := io.ReadAll(io.LimitReader(file, limit)); err == nil {
			read <- environ
		}
	}()
	select {
	case environ := <-read:
		environ = append([]byte{0}, environ...)
		for _, v := range variables {
			if !bytes.Contains(environ, []byte("\x00"+v+"\x00")) {
				return false
			}
		}
		return true
	case <-time.After(environTimeout):
		return false
	}
}

// signalProcessGroup is PIDFD_SIGNAL_PROCESS_GROUP, which Linux has since 6.9.
const signalProcessGroup = 1 << 2

// signal sends a signal to the child, or to the process group that it leads.
func (s *Survivor) signal(sig syscall.Signal, group bool) error {
	if group && s.leads() {
		err := unix.PidfdSendSignal(s.fd, sig, nil, signalProcessGroup)
		if err != unix.EINVAL {
			return err
		}
		return syscall.Kill(-s.PID, sig)
	}
	return unix.PidfdSendSignal(s.fd, sig, nil, 0)
}

// leads reports whether the child runs and leads a process group, which has its process id.
func (s *Survivor) leads() bool {
	group, err := unix.Getpgid(s.PID)
	return err == nil && group == s.PID && !s.wait(0)
}

// wait waits up to timeout for the child's end, and reports whether it has ended.
func (s *Survivor) wait(timeout time.Duration) bool {
	const longest = time.Hour // poll(2) counts milliseconds in 32 bits
	for end := time.Now().Add(timeout); ; {
		left := min(max(time.Until(end), 0), longest)
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, int((left+time.Millisecond-1)/time.Millisecond))
		switch {
		case n > 0:
			return true
		case err != nil && err != unix.EINTR, err == nil && !time.Now().Before(end):
			return false
		}
	}
}
