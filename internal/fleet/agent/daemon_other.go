//go:build !linux

package agent

import (
	"os"
	"strconv"
)

// DaemonRun names the run of supervisord that started this process, as far as it is known.
func DaemonRun() string { return strconv.Itoa(os.Getppid()) }
