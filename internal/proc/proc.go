// Package proc reads from the system what processes use: time of processors, memory, descriptors, threads. It may wait for the system, so
// the loop of supervisord must not call it; any other goroutine may. What cannot be read is Unknown, and nothing is read unless it is
// asked for.
package proc

import "time"

// Target is a process whose memory is measured.
type Target struct {
	PID int // of a process, which is measured with its descendants and its process group
	// Cgroup returns the memory of the control group that the process has to itself, which counts in its place if it is ok; nil: none.
	// Where memory is not measured with descendants, it is not called.
	Cgroup func() (bytes uint64, ok bool)
}

// Child is a process of which a Reader reads what it uses.
type Child struct {
	PID   int       // 0: there is none
	Since time.Time // the process is no older: another one may have had its number before
}

// Unknown is the value of what cannot be read, or what the system does not show.
const Unknown = -1

// Usage is what a process uses, or a tree of processes.
type Usage struct {
	CPU       time.Duration // of processors, with what ended children of the process itself have used
	RSS       int64         // resident memory in bytes; pages that processes share count in each
	PSS       int64         // the same, where shared pages are divided among those that share them
	FDs       int64         // open descriptors
	Threads   int64
	Processes int64
}

// unknown is the usage of a process that cannot be read.
var unknown = Usage{Unknown, Unknown, Unknown, Unknown, Unknown, Unknown}

// What is what a Reader reads of a child.
type What struct {
	Tree bool // of its descendants and its process group, too
	PSS  bool // which takes much longer than everything else
}
