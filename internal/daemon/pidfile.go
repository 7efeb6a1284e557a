package daemon

import (
	"os"
	"strconv"

	"github.com/gosupervisor/supervisor/internal/safefile"
)

// PIDFile is a file that holds our process id.
type PIDFile struct{ path string }

// WritePIDFile writes our process id and a newline to path, and replaces what the file held, or was: a file of another user
// becomes ours, and a link is replaced, unless it is root's or our user's. Source: pidfile.
func WritePIDFile(path string) (*PIDFile, error) {
	path, err := safefile.Replace(path, pidText(), 0o644)
	if err != nil {
		return nil, err
	}
	return &PIDFile{path: path}, nil
}

// OurPIDFile is the file that an earlier program of this process has written to path.
func OurPIDFile(path string) *PIDFile { return &PIDFile{path: path} }

func pidText() []byte { return []byte(strconv.Itoa(os.Getpid()) + "\n") }

// Remove removes the file if it still holds our process id: another supervisord may have written its own since. For a nil
// *PIDFile, or if the file is missing, it does nothing.
func (p *PIDFile) Remove() {
	if p != nil {
		_ = safefile.RemoveIf(p.path, pidText())
	}
}
