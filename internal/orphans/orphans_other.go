//go:build unix && !linux

package orphans

import (
	"syscall"
	"time"
)

// bootID is empty, so that there is no record: this system does not report when a process began.
func bootID() string { return "" }

func ticksNow() int64 { return 0 }

func startOf(int) (began int64, ok bool) { return 0, false }

type target struct{ Child }

func openTarget(Child) (*target, bool) { return nil, false }

func (t *target) close() {}

func (t *target) signal(syscall.Signal, bool) error { return syscall.ENOSYS }

func (t *target) wait(time.Duration) bool { return false }
