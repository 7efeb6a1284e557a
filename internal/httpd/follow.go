package httpd

import (
	"context"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

const (
	// pollInterval is how often a followed log is checked.
	pollInterval = 100 * time.Millisecond
	// minBacklog and maxBacklog bound how much of a log is sent before what is written from then on, in bytes.
	minBacklog = 1024
	maxBacklog = 8 << 20
	// chunkSize is the most of a log that is read and sent at once, in bytes.
	chunkSize = 32 << 10
)

// truncated is sent when a followed log was truncated.
const truncated = "==> File truncated <==\n"

// followProcess streams the log of a process. Source: tail.
func (h *handler) followProcess(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		h.fail(w, r, http.StatusBadRequest)
		return
	}
	file, ok := h.logOf(r.Context(), barePath(r))
	h.follow(w, r, file, ok)
}

// followMain streams the main log. Source: maintail.
func (h *handler) followMain(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		h.fail(w, r, http.StatusBadRequest)
		return
	}
	file, ok := h.logOf(r.Context(), "mainlogfile")
	h.follow(w, r, file, ok)
}

// FollowState is a log that is being sent.
type FollowState struct {
	Path   string `json:"path"`
	Owner  int    `json:"owner,omitempty"`
	Offset int64  `json:"offset"` // of the first byte not sent
	Sent   int64  `json:"sent,omitempty"`
	End    int64  `json:"end,omitempty"` // of a download; 0: it is followed
	Status int    `json:"status,omitempty"`
}

// open returns the log to send: that which a request names or, if the request is resumed, which was being sent. It returns nil after it has
// answered that there is none.
func (h *handler) open(w http.ResponseWriter, r *http.Request, log logs.Source, ok bool) (s *stream, info os.FileInfo) {
	s = &stream{w: w, log: log, call: waiting.Of(r.Context())}
	var state FollowState
	if s.call.Enter(&state) == waiting.Resume {
		s.resumed, s.file = true, s.call.File()
		s.log, s.offset, s.sent, s.end, s.status = logs.Source{Path: state.Path, Owner: state.Owner}, state.Offset, state.Sent, state.End, state.Status
		info, _ = s.file.Stat()
	} else if ok && log.Path != "" {
		s.file, info = openLog(log)
	}
	if info == nil {
		w.Header().Del("X-Accel-Buffering")
		h.fail(w, r, http.StatusNotFound)
		return nil, nil
	}
	return s, info
}

// follow sends the end of the log and what is written to it, until the client disconnects or the servers are closed.
func (h *handler) follow(w http.ResponseWriter, r *http.Request, log logs.Source, ok bool) {
	if ok {
		w.Header().Set("X-Accel-Buffering", "no") // a proxy must send on what comes, also if it is little
	}
	s, info := h.open(w, r, log, ok)
	if s == nil {
		return
	}
	defer func() { s.file.Close() }()
	if !s.resumed {
		s.offset = max(0, info.Size()-backlog(r))
	}
	if !h.takeFollower(r, s) {
		return
	}
	defer budget.Followers.Release(1)
	defer context.AfterFunc(h.ctx, func() { unblock(w) })()
	defer context.AfterFunc(r.Context(), func() { unblock(w) })()
	w.Header().Set("Last-Modified", info.ModTime().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "text/plain;charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff") // a program's output is never HTML
	w.Header().Set("Cache-Control", "no-store")
	s.begin(http.StatusOK)
	s.sendNew()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for s.err == nil {
		select {
		case <-poll.C:
			s.advance()
		case <-s.call.Frozen():
			s.park()
		case <-r.Context().Done():
			s.err = r.Context().Err()
		case <-h.ctx.Done():
			s.err = h.ctx.Err()
		}
	}
	h.access(r.RemoteAddr, requestLine(r), http.StatusOK, s.sent)
}

// takeFollower takes one of budget.Followers for a request that is sent a log. It returns false after it has answered that there is
// none, or that the descriptors of the log and of the connection are among those that clients leave to others.
func (h *handler) takeFollower(r *http.Request, s *stream) bool {
	fits := budget.Followers.Take(1)
	if fits && !s.resumed && (!h.conns.MayFollow(budget.Followers.Held()) || !fast.Fits(r.Context(), s.file)) {
		budget.Followers.Release(1)
		fits = false
	}
	if !fits {
		s.w.Header().Del("X-Accel-Buffering")
		h.fail(s.w, r, http.StatusServiceUnavailable)
		return false
	}
	fast.SetPatient(r.Context()) // the user may have stopped the output; it takes no memory meanwhile
	return true
}

// openLog opens a regular file. It returns nil for any other, and if there is an error.
func openLog(log logs.Source) (*os.File, os.FileInfo) {
	f, err := log.Open()
	if err != nil {
		return nil, nil
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil
	}
	return f, info
}

// stream is a log that is being sent.
type stream struct {
	w       http.ResponseWriter
	log     logs.Source
	file    *os.File
	offset  int64 // of the first byte not sent
	sent    int64 // bytes
	err     error // of writing to the client or of reading the log; ends the stream
	call    *waiting.Call
	resumed bool
	end     int64 // of a download
	status  int
}

// begin sends the header.
func (s *stream) begin(status int) {
	s.status = status
	s.w.WriteHeader(status)
	s.flush()
	s.call.HeaderSent()
}

// park waits while the servers are frozen.
func (s *stream) park() {
	s.call.ParkWith(s.file, func() any {
		return FollowState{Path: s.log.Path, Owner: s.log.Owner, Offset: s.offset, Sent: s.sent, End: s.end, Status: s.status}
	})
}

// advance sends what is new, also after the log was rotated. A file that was removed is followed until the path has
// another.
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
	s.sendNew()
	if now, err := os.Stat(s.log.Path); err != nil || os.SameFile(now, info) {
		return
	}
	next, _ := openLog(s.log)
	if next == nil {
		return
	}
	s.sendNew() // written to the old file before it was replaced
	s.file.Close()
	s.file, s.offset = next, 0
	s.sendNew()
}

// sendNew sends everything from the offset to the end.
func (s *stream) sendNew() {
	for s.err == nil {
		info, err := s.file.Stat()
		if err != nil {
			s.err = err
			return
		}
		if before := s.offset; info.Size() <= before || s.sendTo(info.Size()) == before {
			return
		}
	}
}

// sendTo sends everything from the offset to end, in chunks, and returns the new offset.
func (s *stream) sendTo(end int64) int64 {
	var buffer []byte
	for s.err == nil && s.offset < end {
		if s.call.IsFrozen() {
			s.park()
		}
		if buffer == nil {
			buffer = make([]byte, min(chunkSize, end-s.offset))
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

// backlog is how much of a log is sent before what is written from then on, in bytes: what the client asks for with
// limit=N, if that is more than the original sends, which ignores the parameter.
func backlog(r *http.Request) int64 {
	n, err := strconv.ParseInt(r.URL.Query().Get("limit"), 10, 64)
	if err != nil {
		return minBacklog
	}
	return min(max(n, minBacklog), maxBacklog)
}
