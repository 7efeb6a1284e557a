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

func isNamedAsWe(int) bool { return false }

// Survivor is a child of an earlier supervisord; there is none here.
type Survivor struct{ entry }

func holdAll([]entry) []*Survivor { return nil }

func (s *Survivor) release() {}

func (s *Survivor) recognized() bool { return false }

func (s *Survivor) held() error { return syscall.ENOSYS }

func (s *Survivor) signal(syscall.Signal, bool) error { return syscall.ENOSYS }

func (s *Survivor) wait(time.Duration) bool { return false }
