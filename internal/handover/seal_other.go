//go:build !linux

package handover

import "errors"

var errUnavailable = errors.New("upgrade is not available on this system")

// Seal fails: there are no sealed memory files.
func Seal([]byte) (fd int, err error) { return -1, errUnavailable }

// Load fails as Seal does.
func Load(int) ([]byte, error) { return nil, errUnavailable }
