package signame

import "syscall"

// special are the further names on Linux. Of the real-time signals only the first and the last have one.
var special = []named{
	{"CLD", syscall.SIGCHLD}, {"POLL", syscall.SIGIO}, {"IO", syscall.SIGIO}, {"PWR", syscall.SIGPWR},
	{"STKFLT", syscall.SIGSTKFLT}, {"RTMIN", 34}, {"RTMAX", 64},
}
