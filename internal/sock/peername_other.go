//go:build !linux

package sock

import "fmt"

func peerName(fd int) string {
	if uid, known := peerUID(fd); known {
		return fmt.Sprintf("uid=%d", uid)
	}
	return ""
}
