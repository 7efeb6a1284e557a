package daemon

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ReleaseMemory returns to the system what only the start needed: freed memory, and pages of the executable, which are read
// from the file again on demand. It takes some milliseconds.
func ReleaseMemory() {
	debug.FreeOSMemory()
	advise(unix.MADV_DONTNEED)
}

// advise calls madvise for the pages of the executable that cannot be written, and so are still those of the file.
func advise(advice uintptr) {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for line := range bytes.Lines(maps) {
		// ADDRESS-ADDRESS PERMISSIONS OFFSET DEVICE INODE PATH
		f := strings.Fields(string(line))
		if len(f) < 6 || f[5] != exe || f[1] != "r--p" && f[1] != "r-xp" {
			continue
		}
		from, to, _ := strings.Cut(f[0], "-")
		start, err := strconv.ParseUint(from, 16, 64)
		if err != nil {
			return
		}
		end, err := strconv.ParseUint(to, 16, 64)
		if err != nil {
			return
		}
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, uintptr(start), uintptr(end-start), advice)
	}
}
