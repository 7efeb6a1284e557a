package step

import (
	"math/bits"
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// What follows changes the calling thread where the system knows threads: the shim's is the one that executes the command.

func setOOMScore(s Step) error {
	return writeFile("/proc/self/oom_score_adj", strconv.Itoa(int(s.(OOMScore))))
}

// raiseHardLimit raises the hard limit if it is lower, which may need a capability that later steps take away. The soft limit stays:
// the runtime may need what it allows. This is no call of package syscall, which would give up the limit of open files to return to.
func raiseHardLimit(s Step) error {
	limit := s.(Rlimit)
	if limit.Soft > limit.Hard {
		return syscall.EINVAL
	}
	var now syscall.Rlimit
	number := resources[limit.Resource].number
	if err := syscall.Getrlimit(number, &now); err != nil || now.Max >= limit.Hard {
		return err
	}
	now.Max = limit.Hard
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, uintptr(number), uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return errorOf(errno)
}

func setRlimit(s Step) error {
	limit := s.(Rlimit)
	return syscall.Setrlimit(resources[limit.Resource].number, &syscall.Rlimit{Cur: limit.Soft, Max: limit.Hard})
}

func setIOPriority(s Step) error {
	p := s.(IOPriority)
	const process, classShift = 1, 13
	_, _, errno := syscall.RawSyscall(syscall.SYS_IOPRIO_SET, process, 0, uintptr(p.Class)<<classShift|uintptr(p.Level))
	return errorOf(errno)
}

func setAffinity(s Step) error {
	list := s.(Affinity)
	var set [maxCPUs / bits.UintSize]uint
	if !eachCPU(string(list), func(cpu int) { set[cpu/bits.UintSize] |= 1 << (cpu % bits.UintSize) }) {
		return syscall.EINVAL
	}
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(set), uintptr(unsafe.Pointer(&set)))
	return errorOf(errno)
}

func setNoNewPrivs(s Step) error {
	if !s.(NoNewPrivs) {
		return nil
	}
	_, err := prctl(prSetNoNewPrivs, 1, 0)
	return err
}

// setBounding takes all other capabilities from the bounding set, and from the inheritable ones, through which a program of root
// would get them nevertheless.
func setBounding(s Step) error {
	keep := s.(BoundingSet)
	for n := uintptr(0); n <= maxCapability; n++ {
		has, err := prctl(syscall.PR_CAPBSET_READ, n, 0)
		if err != nil { // there are no more
			break
		}
		if has == 0 || keep&(1<<n) != 0 {
			continue
		}
		if _, err := prctl(syscall.PR_CAPBSET_DROP, n, 0); err != nil {
			return err
		}
	}
	return changeCapabilities(func(_, _, inheritable *uint64) { *inheritable &= uint64(keep) })
}

// keepCapabilities has the capabilities stay permitted when the user changes.
func keepCapabilities() { _, _ = prctl(syscall.PR_SET_KEEPCAPS, 1, 0) }

// setCapabilities makes c the capabilities of the thread and of what it executes. Root gets all others by executing a program, unless
// it is a user like others.
func setCapabilities(s Step) error {
	c := s.(Capabilities)
	if os.Geteuid() == 0 {
		flags, err := prctl(syscall.PR_GET_SECUREBITS, 0, 0)
		if err != nil {
			return err
		}
		const noRoot, noRootLocked = 1 << 0, 1 << 1 // SECBIT_NOROOT, SECBIT_NOROOT_LOCKED
		flags |= noRoot | noRootLocked
		if _, err := prctl(syscall.PR_SET_SECUREBITS, uintptr(flags), 0); err != nil {
			return err
		}
	}
	err := changeCapabilities(func(effective, permitted, inheritable *uint64) {
		*effective, *permitted, *inheritable = uint64(c), uint64(c), uint64(c)
	})
	if err != nil {
		return err
	}
	if _, err := prctl(prCapAmbient, ambientClearAll, 0); err != nil {
		return err
	}
	for _, n := range c.numbers() {
		if _, err := prctl(prCapAmbient, ambientRaise, n); err != nil {
			return err
		}
	}
	return nil
}

// capabilitySets are the low or the high 32 bits of the sets of a thread. Source: capget(2).
type capabilitySets struct{ effective, permitted, inheritable uint32 }

// changeCapabilities has f change the sets of the thread.
func changeCapabilities(f func(effective, permitted, inheritable *uint64)) error {
	header := struct {
		version uint32
		pid     int32
	}{version: 0x20080522} // the third one, of 64 bits
	var data [2]capabilitySets
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0); errno != 0 {
		return errno
	}
	joined := func(low, high uint32) uint64 { return uint64(low) | uint64(high)<<32 }
	before := [3]uint64{joined(data[0].effective, data[1].effective), joined(data[0].permitted, data[1].permitted),
		joined(data[0].inheritable, data[1].inheritable)}
	sets := before
	f(&sets[0], &sets[1], &sets[2])
	if sets == before {
		return nil
	}
	for i := range data {
		shift := 32 * i
		data[i] = capabilitySets{uint32(sets[0] >> shift), uint32(sets[1] >> shift), uint32(sets[2] >> shift)}
	}
	_, _, errno := syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
	return errorOf(errno)
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
func setDeathSignal(s Step) error {
	sig := s.(DeathSignal)
	if _, err := prctl(syscall.PR_SET_PDEATHSIG, uintptr(sig), 0); err != nil {
		return err
	}
	if parent != 0 && syscall.Getppid() != parent {
		return syscall.Kill(syscall.Getpid(), syscall.Signal(sig))
	}
	return nil
}

func forkDeathSignal(s Step, attr *syscall.ProcAttr) {
	attr.Sys.Pdeathsig = syscall.Signal(s.(DeathSignal))
}
