package daemon

import "golang.org/x/sys/unix"

// noCore is the limit of core files that prevents them. With 0 the kernel would still pipe the core to a program that
// kernel.core_pattern names; with 1 it does not.
const noCore = 1

func setDumpable(yes bool) {
	value := uintptr(0)
	if yes {
		value = 1
	}
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, value, 0, 0, 0) // it cannot fail with these values
}

// mayTraceAll reports whether this process has CAP_SYS_PTRACE.
func mayTraceAll() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_SYS_PTRACE) != 0
}
