//go:build unix && !linux

package process

import "golang.org/x/sys/unix"

// writeBoth writes data, and payload after it, as far as the pipe accepts them. If it writes payload in part or not at all, err is nil.
func writeBoth(fd int, data, payload []byte) (n int, err error) {
	if n, err = unix.Write(fd, data); err != nil || n < len(data) || len(payload) == 0 {
		return n, err
	}
	more, err := unix.Write(fd, payload)
	if err != nil {
		return n, nil // the caller queues the rest, and learns more when that is written
	}
	return n + more, nil
}
