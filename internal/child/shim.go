package child

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// shimArg is the private first argument that makes our own executable a shim. No option of supervisord looks like it.
const shimArg = "\x01child"

// order is what the shim is told to do. The environment is the shim's own, the descriptors are in place already.
type order struct {
	Path   string
	Args   []string
	Dir    string
	Umask  int
	User   *User
	Parent int // our user id, which decides whether a switch of user can work
}

// startShim starts our own executable, which does the steps of spec one by one and then executes the command. It costs a
// millisecond more than the fast path; in return it can do everything and can tell which step failed.
func startShim(spec Spec) (int, error) {
	text, err := json.Marshal(order{spec.Path, spec.Args, spec.Dir, spec.Umask, spec.User, os.Getuid()})
	if err != nil {
		return 0, syscall.EINVAL
	}
	spec.Dir, spec.User = "", nil
	return forkExec(self, []string{"supervisord", shimArg, string(text)}, spec)
}

// Main makes this process the shim if it was started as one, and then does not return. It must be the first call in main,
// and in TestMain of packages whose tests start children.
func Main() {
	if len(os.Args) != 3 || os.Args[1] != shimArg {
		return
	}
	var o order
	if err := json.Unmarshal([]byte(os.Args[2]), &o); err != nil {
		fail("couldn't read the order to the shim: %v", err)
	}
	if u := o.User; u != nil {
		if err := become(u, o.Parent); err != "" {
			fail("couldn't setuid to %d: %s", u.UID, err)
		}
	}
	if o.Dir != "" {
		if err := syscall.Chdir(o.Dir); err != nil {
			fail("couldn't chdir to %s: %s", o.Dir, ErrnoName(err))
		}
	}
	if o.Umask >= 0 {
		syscall.Umask(o.Umask)
	}
	err := syscall.Exec(o.Path, o.Args, os.Environ())
	fail("couldn't exec %s: %s", o.Args[0], ErrnoName(err))
}

// become switches to u for good and returns what went wrong, in the original's words, or nothing.
func become(u *User, parent int) string {
	switch {
	case parent == u.UID:
		return ""
	case parent != 0:
		return "Can't drop privilege as nonroot user"
	}
	if err := syscall.Setgroups(u.Groups); err != nil {
		return "Could not set groups of effective user"
	}
	if err := syscall.Setgid(u.GID); err != nil {
		return "Could not set group id of effective user"
	}
	if err := syscall.Setuid(u.UID); err != nil {
		return "Could not set user id of effective user"
	}
	return ""
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "supervisor: "+format+"\nsupervisor: child process was not spawned\n", args...)
	os.Exit(127)
}

// ErrnoName is the symbolic name of a system error, such as "ENOENT"; for anything else the error's text.
func ErrnoName(err error) string {
	if errno, ok := err.(syscall.Errno); ok {
		if name := unix.ErrnoName(errno); name != "" {
			return name
		}
	}
	return err.Error()
}
