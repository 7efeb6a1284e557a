//go:build !linux

package signame

import "syscall"

// special are the further names on systems other than Linux.
var special = []named{{"IO", syscall.SIGIO}, {"EMT", syscall.SIGEMT}, {"INFO", syscall.SIGINFO}}
