// Package proc reads how much memory processes use from the system. It may wait for the system, so the loop of supervisord must not call
// it; any other goroutine may.
package proc

// Target is what is measured.
type Target struct {
	PID int // of a process, which is measured with its descendants and its process group
	// Cgroup returns the memory of the control group that the process has to itself, which counts in its place if it is ok; nil: none.
	// Where memory is not measured with descendants, it is not called.
	Cgroup func() (bytes uint64, ok bool)
}
