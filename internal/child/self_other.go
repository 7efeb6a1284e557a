//go:build unix && !linux

package child

import "os"

var self = func() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}()
