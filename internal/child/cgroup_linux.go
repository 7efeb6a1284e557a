package child

import "syscall"

// beginInCgroup has fork make the child in a cgroup. Linux can since 5.7, unless a filter of system calls forbids clone3.
func beginInCgroup(attr *syscall.ProcAttr, fd int) {
	attr.Sys.UseCgroupFD, attr.Sys.CgroupFD = true, fd
}
