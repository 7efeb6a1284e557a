package signame

import "syscall"

// special are the names of Linux. The first and last real-time signal have one, those between have none.
var special = []named{
	{"CLD", syscall.SIGCHLD}, {"POLL", syscall.SIGIO}, {"IO", syscall.SIGIO}, {"PWR", syscall.SIGPWR},
	{"STKFLT", syscall.SIGSTKFLT}, {"RTMIN", 34}, {"RTMAX", 64},
}
