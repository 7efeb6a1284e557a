package pyrepr

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

func TestOSError(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{syscall.ENOENT, "[Errno 2] No such file or directory"},
		{&os.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}, "[Errno 13] Permission denied"},
		{fmt.Errorf("cannot listen: %w", os.NewSyscallError("bind", syscall.EPERM)), "[Errno 1] Operation not permitted"},
		{errors.New("anything else"), "anything else"},
	} {
		if got := OSError(c.err); got != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
	}
}
