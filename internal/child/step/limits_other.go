//go:build unix && !linux

package step

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The numbers of resources that not all systems have.
const (
	rlimitAS         = unix.RLIMIT_AS
	rlimitMemlock    = unix.RLIMIT_MEMLOCK
	rlimitMsgqueue   = -1
	rlimitNice       = -1
	rlimitNproc      = unix.RLIMIT_NPROC
	rlimitRSS        = unix.RLIMIT_RSS
	rlimitRtprio     = -1
	rlimitRttime     = -1
	rlimitSigpending = -1
)

// What this system cannot do.
var (
	setOOMScore      func(Step) error
	setIOPriority    func(Step) error
	setAffinity      func(Step) error
	setNoNewPrivs    func(Step) error
	setBounding      func(Step) error
	setCapabilities  func(Step) error
	keepCapabilities func()
	forkCapabilities func(Step, *syscall.ProcAttr)
	setDeathSignal   func(Step) error
	forkDeathSignal  func(Step, *syscall.ProcAttr)
)

// raiseHardLimit raises the hard limit if it is lower, which may need a right that later steps take away.
func raiseHardLimit(s Step) error {
	limit := s.(Rlimit)
	if limit.Soft > limit.Hard {
		return syscall.EINVAL
	}
	var now unix.Rlimit
	number := resources[limit.Resource].number
	if err := unix.Getrlimit(number, &now); err != nil || uint64(now.Max) >= native(limit.Hard) {
		return err
	}
	assign(&now.Max, native(limit.Hard))
	return unix.Setrlimit(number, &now)
}

func setRlimit(s Step) error {
	limit := s.(Rlimit)
	var value unix.Rlimit
	assign(&value.Cur, native(limit.Soft))
	assign(&value.Max, native(limit.Hard))
	return unix.Setrlimit(resources[limit.Resource].number, &value)
}

// native returns a limit as the system has it.
func native(limit uint64) uint64 {
	if limit == Unlimited {
		return unix.RLIM_INFINITY
	}
	return limit
}

// assign converts a limit, which is signed on some systems.
func assign[T int64 | uint64](to *T, value uint64) { *to = T(value) }
