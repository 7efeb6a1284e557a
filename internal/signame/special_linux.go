package signame

import "syscall"

// The real-time signals, as the GNU C library numbers them.
const firstRealTime, lastRealTime = 34, 64

// special are the further names on Linux. Of the real-time signals only the first and the last have one of their own.
var special = []named{
	{"CLD", syscall.SIGCHLD}, {"POLL", syscall.SIGIO}, {"IO", syscall.SIGIO}, {"PWR", syscall.SIGPWR},
	{"STKFLT", syscall.SIGSTKFLT}, {"RTMIN", firstRealTime}, {"RTMAX", lastRealTime},
}
