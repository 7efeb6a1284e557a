//go:build !linux

package cgroup

import (
	"errors"
	"time"
)

// watcher is not needed where there are no cgroups.
type watcher struct{}

func (watcher) add(*Group, func(now time.Time)) error { return errors.ErrUnsupported }
func (watcher) forget(*Group)                         {}
func (watcher) close()                                {}
