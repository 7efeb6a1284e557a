package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// PrintWriteError reports that standard output cannot be written, and returns the exit status.
func PrintWriteError(stderr io.Writer, err error) (status int) {
	fmt.Fprintf(stderr, "error: cannot write the output: %v\n", err)
	return exitGeneric
}

// watchReader calls gone when the pipe or socket out has lost its reader, as tail(1) does. Otherwise a command that waits for
// output would end only with the next write. It watches until ctx ends.
func watchReader(ctx context.Context, out io.Writer, gone func()) {
	f, ok := out.(*os.File)
	if !ok {
		return
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return
	}
	canceled, cancel, err := os.Pipe()
	if err != nil {
		return
	}
	context.AfterFunc(ctx, func() { cancel.Close() })
	go func() {
		defer canceled.Close()
		watched := []unix.PollFd{{Fd: int32(f.Fd())}, {Fd: int32(canceled.Fd()), Events: unix.POLLIN}}
		for {
			_, err := unix.Poll(watched, -1)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err == nil && watched[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
				gone()
			}
			return
		}
	}()
}
