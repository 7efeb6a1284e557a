package daemon

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// region is a part of the address space.
type region struct{ start, end uintptr }

// filePages returns the pages of the executable that cannot be written, and so are still those of the file. They stay where they are.
var filePages = sync.OnceValue(func() []region {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil
	}
	var found []region
	for line := range bytes.Lines(maps) {
		// ADDRESS-ADDRESS PERMISSIONS OFFSET DEVICE INODE PATH
		f := strings.Fields(string(line))
		if len(f) < 6 || f[5] != exe || f[1] != "r--p" && f[1] != "r-xp" {
			continue
		}
		from, to, _ := strings.Cut(f[0], "-")
		start, err := strconv.ParseUint(from, 16, 64)
		if err != nil {
			return nil
		}
		end, err := strconv.ParseUint(to, 16, 64)
		if err != nil {
			return nil
		}
		found = append(found, region{uintptr(start), uintptr(end)})
	}
	return found
})

// releasePages returns the pages of the executable, which are read from the file again on demand: most were needed once.
func releasePages() { advise(unix.MADV_DONTNEED) }

// advise calls madvise for the pages of the executable.
func advise(advice uintptr) {
	for _, r := range filePages() {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, r.start, r.end-r.start, advice)
	}
}
