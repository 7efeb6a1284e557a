package daemon

import (
	"os"
	"strconv"
	"strings"
)

// PIDFile is a file that holds our process id.
type PIDFile struct{ path string }

// WritePIDFile writes our process id and a newline to path, and replaces what the file held. Source: pidfile.
func WritePIDFile(path string) (*PIDFile, error) {
	err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o666)
	if err != nil {
		return nil, err
	}
	return &PIDFile{path: path}, nil
}

// Remove removes the file if it still holds our process id: another supervisord may have written its own since. For a nil
// *PIDFile, or if the file is missing, it does nothing.
func (p *PIDFile) Remove() {
	if p == nil {
		return
	}
	b, err := os.ReadFile(p.path)
	if err == nil && strings.TrimSpace(string(b)) == strconv.Itoa(os.Getpid()) {
		_ = os.Remove(p.path)
	}
}
