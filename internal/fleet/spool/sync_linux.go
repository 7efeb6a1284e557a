package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData writes the data of a file to disk.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}
