package filewatch

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// stamp tells states of a file apart without its content. The zero value is no file.
type stamp struct {
	Dev   uint64 `json:"dev"`
	Ino   uint64 `json:"ino"`
	Size  int64  `json:"size"`
	MTime int64  `json:"mtime"` // in nanoseconds since 1970
	CTime int64  `json:"ctime"`
}

func stampOf(name string) stamp {
	var st unix.Stat_t
	if name == "" || unix.Stat(name, &st) != nil {
		return stamp{}
	}
	return newStamp(&st)
}

func newStamp(st *unix.Stat_t) stamp {
	return stamp{uint64(st.Dev), st.Ino, st.Size, st.Mtim.Nano(), st.Ctim.Nano()}
}

// stamp is the stamp of a file, zero for a directory: what counts of that is in it.
func (t *target) stamp() stamp {
	if t.dir {
		return stamp{}
	}
	return stampOf(t.real)
}

// executed is the content of the file that is executed, as it was when it was looked at last.
type executed struct {
	stamp stamp
	sum   []byte // SHA-256; nil: it has not been read
}

// Examined is what a look at the file that is executed has found.
type Examined struct {
	Path    string // of the file that was looked at, or should be there
	Changed bool   // it has other content, and can be executed
	Problem string // why it cannot be executed now; empty: it can
}

// remember reads the file for the first time. If it changes meanwhile, any content is other content.
func (s *Set) remember() {
	path, problem := s.find()
	if path == "" || problem != "" {
		return
	}
	before := stampOf(path)
	s.watcher.hash.add(func() {
		sum, _ := s.watcher.hash.sum(path)
		if stampOf(path) != before {
			sum = nil
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.executed = executed{before, sum}
	})
}

// Examine finds out whether the file that is executed has other content than at the last time, and calls done in the loop.
func (s *Set) Examine(done func(x Examined, now time.Time)) {
	s.watcher.hash.add(func() {
		x := s.examine()
		s.inLoop(func(now time.Time) { done(x, now) })
	})
}

// examine compares the file with what was known about it. A file that cannot be executed is not remembered.
func (s *Set) examine() (x Examined) {
	x.Path, x.Problem = s.find()
	if x.Problem != "" {
		return x
	}
	s.mu.Lock()
	known := s.executed
	s.mu.Unlock()
	now := executed{stamp: stampOf(x.Path)}
	if now.stamp == known.stamp && known.sum != nil {
		return x
	}
	if now.sum, x.Problem = s.watcher.hash.sum(x.Path); x.Problem != "" {
		return x
	}
	x.Changed = string(now.sum) != string(known.sum)
	s.mu.Lock()
	s.executed = now
	s.mu.Unlock()
	return x
}

// find returns the file that is executed, empty if the program watches none, and why it cannot be.
func (s *Set) find() (path, problem string) {
	if len(s.spec.Binary) == 0 {
		return "", ""
	}
	for _, path = range s.spec.Binary {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENOTDIR):
			continue
		case err != nil:
			return path, text(err)
		case !info.Mode().IsRegular():
			return path, "not a file"
		case info.Size() == 0:
			return path, "it is empty"
		case info.Mode()&0o111 == 0:
			return path, "it is not executable"
		}
		if err := unix.Access(path, unix.X_OK); err != nil {
			return path, err.Error()
		}
		return path, ""
	}
	return s.spec.Binary[0], unix.ENOENT.Error()
}

// text is an error without the path.
func text(err error) string {
	if errno := unix.Errno(0); errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// hasher reads files, one after the other, in a goroutine that exists while there is something to read.
type hasher struct {
	closed *atomic.Bool

	mu      sync.Mutex
	running bool
	jobs    []func()
}

func (h *hasher) add(job func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.jobs = append(h.jobs, job)
	if !h.running {
		h.running = true
		go h.run()
	}
}

func (h *hasher) run() {
	for {
		h.mu.Lock()
		if len(h.jobs) == 0 || h.closed.Load() {
			h.running, h.jobs = false, nil
			h.mu.Unlock()
			return
		}
		job := h.jobs[0]
		h.jobs = h.jobs[1:]
		h.mu.Unlock()
		job()
	}
}

// errClosed ends the reading of a file.
var errClosed = errors.New("closed")

// sum returns the SHA-256 of a file, or why there is none.
func (h *hasher) sum(path string) (sum []byte, problem string) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // a FIFO would wait for its writer
	if err != nil {
		return nil, text(err)
	}
	defer f.Close()
	hash := sha256.New()
	buf := make([]byte, 64<<10)
	for err == nil {
		var n int
		if n, err = f.Read(buf); h.closed.Load() {
			err = errClosed
		}
		hash.Write(buf[:n])
	}
	if !errors.Is(err, io.EOF) {
		return nil, text(err)
	}
	return hash.Sum(nil), ""
}
