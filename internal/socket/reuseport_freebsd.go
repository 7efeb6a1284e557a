package socket

import "golang.org/x/sys/unix"

// reusePort has the kernel spread connections over all sockets at an address. SO_REUSEPORT gives all to the last one here.
const reusePort = unix.SO_REUSEPORT_LB
