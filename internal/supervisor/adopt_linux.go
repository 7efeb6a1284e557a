package supervisor

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// maxDepth is how many parents descends looks at.
const maxDepth = 100

// descends reports whether a process descends from a child. A process whose parents have ended is an orphan of this process, as
// those of other programs are: it must run as the user of the program then, who may signal it anyway.
func descends(pid, ofChild, uid int, orphan func(pid int) bool) bool {
	at := pid
	for range maxDepth {
		switch parent := parentOf(at); {
		case parent == ofChild:
			return true
		case parent == os.Getpid():
			return orphan(at) && (uid == 0 || userOfProcess(pid) == uid)
		case parent <= 1:
			return false
		default:
			at = parent
		}
	}
	return false
}

// parentOf returns the parent of a process, 0 if there is no such process.
func parentOf(pid int) int {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // the state, the parent, ...
	if len(fields) < 2 {
		return 0
	}
	parent, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0
	}
	return parent
}

// userOfProcess returns the effective user of a process, -1 if it is not known.
func userOfProcess(pid int) int {
	var info syscall.Stat_t
	if err := syscall.Stat("/proc/"+strconv.Itoa(pid), &info); err != nil {
		return -1
	}
	return int(info.Uid)
}
