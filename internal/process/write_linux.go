package process

import "golang.org/x/sys/unix"

// writeBoth writes data, and payload after it, as far as the pipe accepts them.
func writeBoth(fd int, data, payload []byte) (int, error) {
	return unix.Writev(fd, [][]byte{data, payload})
}
