//go:build !linux

package signame

import "syscall"

// There are no real-time signals, or not everywhere.
const firstRealTime, lastRealTime = 1, 0

// special are the further names on systems other than Linux.
var special = []named{{"IO", syscall.SIGIO}, {"EMT", syscall.SIGEMT}, {"INFO", syscall.SIGINFO}}
