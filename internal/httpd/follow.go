package httpd

import (
	"context"
	"io"
	"net/http"
	"os"
	"syscall"
	"time"
)

const (
	// lookAgain is how often a log is looked at while a client follows it.
	lookAgain = 100 * time.Millisecond
	// backlog is how much of a log a follower sees of the past, in bytes.
	backlog = 1024
	// portion is the largest part of a log that is held and sent at once, in bytes.
	portion = 32 << 10
)

// truncated is what a follower reads when the log was emptied under it.
const truncated = "==> File truncated <==\n"

// followProcess streams the log of a process. The path is without its leading slashes. Source: tail -f.
func (h *handler) followProcess(w http.ResponseWriter, r *http.Request, path string) {
	if r.Method != http.MethodGet {
		h.fail(w, r, http.StatusBadRequest)
		return
	}
	file, ok := h.logOf(path)
	if ok {
		w.Header().Set("X-Accel-Buffering", "no")
	}
	h.follow(w, r, file, ok)
}

// followMain streams the main log. Source: maintail -f.
func (h *handler) followMain(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		h.fail(w, r, http.StatusBadRequest)
		return
	}
	file, ok := h.logOf("mainlogfile")
	h.follow(w, r, file, ok)
}

// follow sends the end of the log and all that comes, until the client goes or the servers are closed.
func (h *handler) follow(w http.ResponseWriter, r *http.Request, path string, ok bool) {
	if !ok || path == "" {
		h.fail(w, r, http.StatusNotFound)
		return
	}
	f, info := openLog(path)
	if f == nil {
		w.Header().Del("X-Accel-Buffering")
		h.fail(w, r, http.StatusNotFound)
		return
	}
	s := &stream{w: w, path: path, file: f, offset: max(0, info.Size()-past(r))}
	defer func() { s.file.Close() }()
	defer context.AfterFunc(h.ctx, func() { unblock(w) })()
	w.Header().Set("Last-Modified", info.ModTime().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "text/plain;charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff") // whatever a program wrote, it is text
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	s.flush()
	s.more()
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for s.err == nil {
		select {
		case <-look.C:
			s.advance()
		case <-r.Context().Done():
			s.err = r.Context().Err()
		case <-h.ctx.Done():
			s.err = h.ctx.Err()
		}
	}
	h.access(r.RemoteAddr, requestLine(r), http.StatusOK, s.sent)
}

// openLog opens a plain file; nil for anything else.
func openLog(path string) (*os.File, os.FileInfo) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, nil
	}
	return f, info
}

// stream is a follower's place in a log.
type stream struct {
	w      http.ResponseWriter
	path   string
	file   *os.File
	offset int64 // of what was not sent yet
	sent   int64 // bytes
	err    error // the client has gone, or the log cannot be read
}

// advance sends what is new, also from a file that has taken the place of the old one. A file that was deleted is kept
// until there is another.
func (s *stream) advance() {
	info, err := s.file.Stat()
	if err != nil {
		s.err = err
		return
	}
	if info.Size() < s.offset {
		s.send([]byte(truncated))
		s.offset = 0
	}
	s.more()
	if now, err := os.Stat(s.path); err != nil || os.SameFile(now, info) {
		return
	}
	next, _ := openLog(s.path)
	if next == nil {
		return
	}
	s.more() // what was written to the old one until it was replaced
	s.file.Close()
	s.file, s.offset = next, 0
	s.more()
}

// more sends everything from the offset to the end.
func (s *stream) more() {
	for s.err == nil {
		info, err := s.file.Stat()
		if err != nil {
			s.err = err
			return
		}
		if before := s.offset; info.Size() <= before || s.upTo(info.Size()) == before {
			return
		}
	}
}

// upTo sends everything from the offset up to end, in portions, and returns the new offset.
func (s *stream) upTo(end int64) int64 {
	var buffer []byte
	for s.err == nil && s.offset < end {
		if buffer == nil {
			buffer = make([]byte, min(portion, end-s.offset))
		}
		n, err := s.file.ReadAt(buffer[:min(int64(len(buffer)), end-s.offset)], s.offset)
		if err != nil && err != io.EOF {
			s.err = err
		}
		if n == 0 {
			break
		}
		s.offset += int64(n)
		s.send(buffer[:n])
	}
	return s.offset
}

func (s *stream) send(data []byte) {
	if s.err != nil {
		return
	}
	n, err := s.w.Write(data)
	s.sent += int64(n)
	s.err = err
	if err == nil {
		s.flush()
	}
}

func (s *stream) flush() {
	if err := http.NewResponseController(s.w).Flush(); err != nil {
		s.err = err
	}
}
