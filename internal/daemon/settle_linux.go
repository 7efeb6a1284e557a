package daemon

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Settle gives back what only the start needed: memory that was freed, and pages of the executable, which come back from the
// file when they are wanted again. It takes some milliseconds, and may be called from any goroutine.
func Settle() {
	debug.FreeOSMemory()
	advise(unix.MADV_DONTNEED)
}

// advise tells the system how we use the pages of the executable that are still the file's.
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
		// ADDRESS-ADDRESS PERMISSIONS OFFSET DEVICE INODE PATH; what may be written is not the file's any more.
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
