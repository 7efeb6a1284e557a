package pyrepr

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// OSError is the text of the system error in err, such as "[Errno 2] No such file or directory"; for any other error its text.
func OSError(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	text := errno.Error()
	return fmt.Sprintf("[Errno %d] %s%s", int(errno), strings.ToUpper(text[:1]), text[1:])
}
