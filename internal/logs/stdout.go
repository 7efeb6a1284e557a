package logs

import (
	"io"
	"sync"

	"github.com/gosupervisor/supervisor/internal/safefile"
)

// Stdout and Stderr are our standard output and error. A write does not block: what the reader does not take at once is
// queued up to a limit, and then dropped with ErrBehind. Unlike with os.Stdout, a closed pipe does not end the process.
var (
	Stdout io.Writer = &standard{fd: 1}
	Stderr io.Writer = &standard{fd: 2}
)

// standard is one of the standard descriptors. What it leads to changes when supervisord goes into the background.
type standard struct {
	fd    int
	mu    sync.Mutex
	async *asyncWriter // nil: none yet, or not needed for a plain file
	at    inode
}

// Write implements io.Writer.
func (s *standard) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := safefile.Stat(s.fd)
	if err != nil {
		return 0, err
	}
	if info.IsRegular() {
		return writeNow(s.fd, p)
	}
	if s.async == nil || s.at != inodeOf(info) {
		w, err := writers.acquire(s.fd, inodeOf(info))
		if err != nil {
			return 0, err
		}
		if s.async != nil {
			writers.release(s.async)
		}
		s.async, s.at = w, inodeOf(info)
	}
	if lost, err := s.async.send(p); err != nil {
		return max(0, len(p)-int(lost)), err
	}
	return len(p), nil
}
