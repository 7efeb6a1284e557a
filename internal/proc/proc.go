// Package proc reads how much memory processes use from the system. It may wait for the system, so the loop of supervisord must not call
// it; any other goroutine may.
package proc

// Target is what is measured.
type Target struct {
	PID    int    // of a process, which is measured with its descendants and its process group
	Cgroup string // the directory of the control group that it has to itself, which is measured in its place; empty: none
}
