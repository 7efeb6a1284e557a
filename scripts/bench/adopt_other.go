//go:build !linux

package main

import "errors"

var errNotLinux = errors.New("this needs Linux, for /proc")

// adoptOrphans fails: the bench reads /proc.
func adoptOrphans() error { return errNotLinux }

func raiseFiles(int) error { return errNotLinux }
