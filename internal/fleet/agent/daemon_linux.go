package agent

import (
	"fmt"
	"os"
	"strings"
)

// DaemonRun names the run of supervisord that started this process: its process id, when it was started, and the boot. An upgrade of it
// in place keeps all three.
func DaemonRun() string {
	parent := os.Getppid()
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", parent))
	_, rest, _ := strings.Cut(string(stat), ") ") // after the name
	const started = 19
	if fields := strings.Fields(rest); len(fields) > started {
		return fmt.Sprintf("%d.%s.%.8s", parent, fields[started], boot)
	}
	return fmt.Sprintf("%d.%.8s", parent, boot)
}
