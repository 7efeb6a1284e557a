package step

import (
	"math/bits"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The numbers of resources that not all systems have.
const (
	rlimitAS         = unix.RLIMIT_AS
	rlimitMemlock    = unix.RLIMIT_MEMLOCK
	rlimitMsgqueue   = unix.RLIMIT_MSGQUEUE
	rlimitNice       = unix.RLIMIT_NICE
	rlimitNproc      = unix.RLIMIT_NPROC
	rlimitRSS        = unix.RLIMIT_RSS
	rlimitRtprio     = unix.RLIMIT_RTPRIO
	rlimitRttime     = unix.RLIMIT_RTTIME
	rlimitSigpending = unix.RLIMIT_SIGPENDING
)

// What follows changes the calling thread where the system knows threads: the shim's is the one that executes the command.

func setOOMScore(score OOMScore) error {
	fd, err := unix.Open("/proc/self/oom_score_adj", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(strconv.Itoa(int(score))))
	return err
}

// raiseHardLimit raises the hard limit if it is lower, which may need a capability that later steps take away. The soft limit stays:
// the runtime may need what it allows. This is no call of package syscall, which would give up the limit of open files to return to.
func raiseHardLimit(limit Rlimit) error {
	if limit.Soft > limit.Hard {
		return syscall.EINVAL
	}
	var now syscall.Rlimit
	number := resources[limit.Resource].number
	if err := syscall.Getrlimit(number, &now); err != nil || now.Max >= limit.Hard {
		return err
	}
	now.Max = limit.Hard
	_, _, errno := unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, uintptr(number), uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func setRlimit(limit Rlimit) error {
	return syscall.Setrlimit(resources[limit.Resource].number, &syscall.Rlimit{Cur: limit.Soft, Max: limit.Hard})
}

// setIOPriority makes the system call ioprio_set, which no package has.
func setIOPriority(p IOPriority) error {
	const process, classShift = 1, 13
	_, _, errno := unix.RawSyscall(unix.SYS_IOPRIO_SET, process, 0, uintptr(p.Class)<<classShift|uintptr(p.Level))
	if errno != 0 {
		return errno
	}
	return nil
}

func setAffinity(list Affinity) error {
	var set unix.CPUSet
	eachCPU(string(list), func(cpu int) { set.Set(cpu) })
	return unix.SchedSetaffinity(0, &set)
}

func setNoNewPrivs(on NoNewPrivs) error {
	if !on {
		return nil
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// setBounding takes all other capabilities from the bounding set, and from the inheritable ones, through which a program of root
// would get them nevertheless.
func setBounding(keep BoundingSet) error {
	for n := uintptr(0); n <= maxCapability; n++ {
		has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, n, 0, 0, 0)
		if err != nil { // there are no more
			break
		}
		if has == 0 || keep&(1<<n) != 0 {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, n, 0, 0, 0); err != nil {
			return err
		}
	}
	return changeCapabilities(func(_, _, inheritable *uint64) { *inheritable &= uint64(keep) })
}

// keepCapabilities has the capabilities stay permitted when the user changes.
func keepCapabilities() { _ = unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0) }

// setCapabilities makes c the capabilities of the thread and of what it executes. Root gets all others by executing a program, unless
// it is a user like others.
func setCapabilities(c Capabilities) error {
	if unix.Geteuid() == 0 {
		flags, err := unix.PrctlRetInt(unix.PR_GET_SECUREBITS, 0, 0, 0, 0)
		if err != nil {
			return err
		}
		const noRoot, noRootLocked = 1 << 0, 1 << 1 // SECBIT_NOROOT, SECBIT_NOROOT_LOCKED
		flags |= noRoot | noRootLocked
		if err := unix.Prctl(unix.PR_SET_SECUREBITS, uintptr(flags), 0, 0, 0); err != nil {
			return err
		}
	}
	err := changeCapabilities(func(effective, permitted, inheritable *uint64) {
		*effective, *permitted, *inheritable = uint64(c), uint64(c), uint64(c)
	})
	if err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	for _, n := range c.numbers() {
		if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, n, 0, 0); err != nil {
			return err
		}
	}
	return nil
}

// changeCapabilities has f change the sets of the thread.
func changeCapabilities(f func(effective, permitted, inheritable *uint64)) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	joined := func(low, high uint32) uint64 { return uint64(low) | uint64(high)<<32 }
	before := [3]uint64{joined(data[0].Effective, data[1].Effective), joined(data[0].Permitted, data[1].Permitted),
		joined(data[0].Inheritable, data[1].Inheritable)}
	sets := before
	f(&sets[0], &sets[1], &sets[2])
	if sets == before {
		return nil
	}
	for i := range data {
		shift := 32 * i
		data[i] = unix.CapUserData{Effective: uint32(sets[0] >> shift), Permitted: uint32(sets[1] >> shift), Inheritable: uint32(sets[2] >> shift)}
	}
	return unix.Capset(&header, &data[0])
}

// numbers are those of the capabilities.
func (c Capabilities) numbers() (list []uintptr) {
	for rest := uint64(c); rest != 0; rest &= rest - 1 {
		list = append(list, uintptr(bits.TrailingZeros64(rest)))
	}
	return list
}

func forkCapabilities(s Step, attr *syscall.ProcAttr) {
	attr.Sys.AmbientCaps = s.(Capabilities).numbers()
}

// setDeathSignal is for the shim, whose parent may have ended before.
func setDeathSignal(sig DeathSignal) error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(sig), 0, 0, 0); err != nil {
		return err
	}
	if parent != 0 && unix.Getppid() != parent {
		return unix.Kill(unix.Getpid(), syscall.Signal(sig))
	}
	return nil
}

func forkDeathSignal(s Step, attr *syscall.ProcAttr) {
	attr.Sys.Pdeathsig = syscall.Signal(s.(DeathSignal))
}
