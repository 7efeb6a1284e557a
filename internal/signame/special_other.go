//go:build !linux

package signame

import "syscall"

// special are the names that systems other than Linux have beside the common ones.
var special = []named{{"IO", syscall.SIGIO}, {"EMT", syscall.SIGEMT}, {"INFO", syscall.SIGINFO}}
