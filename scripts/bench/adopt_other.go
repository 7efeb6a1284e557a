//go:build !linux

package main

import "errors"

// adoptOrphans fails: the bench reads /proc.
func adoptOrphans() error { return errors.New("this needs Linux, for /proc") }
