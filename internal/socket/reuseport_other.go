//go:build unix && !freebsd

package socket

import "golang.org/x/sys/unix"

// reusePort has the kernel spread connections over all sockets at an address, on Linux.
const reusePort = unix.SO_REUSEPORT
