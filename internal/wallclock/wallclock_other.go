//go:build !linux

package wallclock

// Watch returns ErrUnknown.
func Watch(func()) (stop func(), err error) { return nil, ErrUnknown }
