//go:build unix && !linux

package orphans

import (
	"syscall"
	"time"
)

// bootID is empty: on this system there is no record.
func bootID() string { return "" }

func ticksNow() int64 { return 0 }

func startOf(int) (began int64, ok bool) { return 0, false }

type victim struct{ Child }

func hold(Child) (*victim, bool) { return nil, false }

func (v *victim) release() {}

func (v *victim) signal(syscall.Signal, bool) error { return syscall.ENOSYS }

func (v *victim) gone(time.Duration) bool { return false }
