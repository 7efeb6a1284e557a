package upgrade

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// module is the path of our module in the build information of a program.
const module = "github.com/gosupervisor/supervisor"

// errNot is why a file cannot take over, whatever else may be wrong with it.
var errNot = errors.New("not a supervisord that can take over")

// Target is the file that is to be executed.
type Target struct {
	Path string
	info os.FileInfo
}

// Find looks at the file at path, of which it executes nothing. An error names the path and says why the file cannot take over.
func Find(path string) (Target, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = usable(path, info)
	}
	if err != nil {
		if pathError := (*fs.PathError)(nil); errors.As(err, &pathError) {
			err = pathError.Err
		}
		return Target{}, fmt.Errorf("%s: %w", path, err)
	}
	return Target{path, info}, nil
}

func usable(path string, info os.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return errNot
	case info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0:
		return errors.New("it has a set-user-ID or set-group-ID bit")
	case hasCapabilities(path):
		return errors.New("it has file capabilities")
	}
	if err := unix.Access(path, unix.X_OK); err != nil {
		return err
	}
	pkg, from, err := mainPackage(path)
	if err == nil && (from != module || pkg != module+"/supervisord") {
		err = errNot
	}
	return err
}

// Changed reports whether there is another file at the path by now.
func (t Target) Changed() bool {
	info, err := os.Stat(t.Path)
	return err != nil || !os.SameFile(info, t.info) || !info.ModTime().Equal(t.info.ModTime())
}

// hasCapabilities reports whether the program would have more rights than its caller.
func hasCapabilities(path string) bool {
	n, err := unix.Getxattr(path, "security.capability", nil)
	return err == nil && n > 0 || err == syscall.ERANGE
}
