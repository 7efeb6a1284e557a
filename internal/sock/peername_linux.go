package sock

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// peerName has the pid, unless the process is in another namespace of pids, and the name of the program, unless the process has ended.
func peerName(fd int) string {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return ""
	}
	name := fmt.Sprintf("uid=%d", cred.Uid)
	if cred.Pid <= 0 {
		return name
	}
	name += fmt.Sprintf(" pid=%d", cred.Pid)
	if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", cred.Pid)); err == nil {
		name += " comm=" + string(bytes.TrimSuffix(comm, []byte{'\n'}))
	}
	return name
}
