// Package wallclock notices that the clock of the system has been set. Any goroutine may call it.
package wallclock

import "errors"

// ErrUnknown is the error of Watch on a system that does not report it.
var ErrUnknown = errors.New("this system does not report that its clock has been set")
