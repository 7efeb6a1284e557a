//go:build !linux

package spool

import "os"

// syncData writes the data of a file to disk.
func syncData(f *os.File) error { return f.Sync() }
