package daemon

import (
	"os"

	"golang.org/x/sys/unix"
)

// Memory keeps the memory of this process, which holds passwords, out of core files and from other processes. The zero value
// protects nothing. One goroutine may use it: the one that starts children.
//
// Core files are prevented by a limit that children do not inherit. A process that is not dumpable would have none either, but
// while it is root, other processes of root need CAP_SYS_PTRACE for its /proc/PID/fd, and programs in a container, where root
// usually lacks it, write their logs to /proc/1/fd/1. Root without it can read our configuration anyway. So this process is made
// not dumpable only as root with that capability. As another user it is left as it is: the kernel has made it not dumpable if
// it was root before.
type Memory struct {
	core, none unix.Rlimit // of core files: for children, and for this process while limited
	limited    bool
	root       bool // whether the process is dumpable is ours to decide
	hidden     bool // it is not
}

// Protect begins to protect the memory. Call it again when the user of this process has changed.
func (m *Memory) Protect() {
	m.BeforeStart()
	m.limited = false
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &m.core); err == nil {
		m.none = m.core
		m.none.Cur = min(noCore, m.none.Max)
		m.limited = m.none != m.core
	}
	m.root = os.Geteuid() == 0
	m.hidden = m.root && mayTraceAll()
	m.AfterStart()
}

// BeforeStart gives this process the limit of core files that a child is to inherit.
func (m *Memory) BeforeStart() {
	if m.limited {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &m.core) // within the hard limit it cannot fail, as in AfterStart
	}
}

// AfterStart protects the memory again. A start can change whether this process is dumpable: a child that changes its user shares
// our memory until it executes its program, and the kernel makes that memory not dumpable.
func (m *Memory) AfterStart() {
	if m.limited {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &m.none)
	}
	if m.root {
		setDumpable(!m.hidden)
	}
}
