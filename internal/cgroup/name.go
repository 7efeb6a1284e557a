package cgroup

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// controllers are the first parts of the names of the kernel's files in a cgroup.
var controllers = []string{"cgroup", "cpu", "cpuset", "dmem", "hugetlb", "io", "irq", "memory", "misc", "perf_event", "pids", "rdma"}

// maxName is how long the name of a cgroup is at most; the kernel permits 255 bytes.
const maxName = 200

// Name returns the name of the cgroup of a process, GROUP.PROCESS. Bytes other than A-Za-z0-9_.@- are %XX, and so are dots of the group:
// no two processes have the same name. A group with the name of a controller has its first byte escaped, so that no process has the name
// of a file of the kernel.
func Name(group, process string) string {
	g := strings.ReplaceAll(escape(group), ".", "%2E")
	if slices.Contains(controllers, g) {
		g = fmt.Sprintf("%%%02X%s", g[0], g[1:])
	}
	name := g + "." + escape(process)
	if len(name) > maxName {
		sum := sha256.Sum256([]byte(name))
		name = fmt.Sprintf("%s.%x", name[:maxName], sum[:8])
	}
	return name
}

func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_.@-", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
