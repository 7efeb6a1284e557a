//go:build unix && !linux

package child

import "os"

// self is the path of our own executable. After an upgrade it names the new one.
var self = func() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}()
