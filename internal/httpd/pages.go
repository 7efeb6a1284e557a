package httpd

import (
	"context"
	"mime"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Pages answers requests for the web pages. It returns 0 if it answered, else the status of the error page that is to be
// the answer. The request's context ends when the servers are closed. To close the connection without an answer it
// panics with http.ErrAbortHandler.
type Pages func(w http.ResponseWriter, r *http.Request) (status int)

// page lets the web pages answer.
func (h *handler) page(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)()
	counted := &counter{ResponseWriter: w, status: http.StatusOK}
	if status := h.services.Pages(counted, r.WithContext(ctx)); status != 0 {
		h.fail(w, r, status)
		return
	}
	_ = http.NewResponseController(w).Flush()
	h.access(r.RemoteAddr, requestLine(r), counted.status, counted.size)
}

// unblock makes an end of writes to a client that reads nothing: it must not hold up Close.
func unblock(w http.ResponseWriter) { _ = http.NewResponseController(w).SetWriteDeadline(time.Now()) }

// counter knows what was answered, for the access line.
type counter struct {
	http.ResponseWriter
	status int
	size   int64
}

// Unwrap lets a ResponseController find the real one.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (c *counter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (c *counter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.size += int64(n)
	return n, err
}

// download sends a log as a file, as long as it is at this moment. The path is without its leading slashes:
// logfile/NAME[/stdout|/stderr] or mainlogfile.
func (h *handler) download(w http.ResponseWriter, r *http.Request, path string) {
	if r.Method != http.MethodGet {
		h.fail(w, r, http.StatusBadRequest)
		return
	}
	file, ok := h.logOf(path)
	if !ok || file == "" {
		h.fail(w, r, http.StatusNotFound)
		return
	}
	f, info := openLog(file)
	if f == nil {
		h.fail(w, r, http.StatusNotFound)
		return
	}
	defer f.Close()
	defer context.AfterFunc(h.ctx, func() { unblock(w) })()
	header := w.Header()
	header.Set("Content-Type", "text/plain;charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": filepath.Base(file)}))
	header.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	s := &stream{w: w, file: f}
	s.upTo(info.Size())
	h.access(r.RemoteAddr, requestLine(r), http.StatusOK, s.sent)
	if s.sent < info.Size() {
		panic(http.ErrAbortHandler) // it was truncated meanwhile, and the client must know that this is not all
	}
}

// logOf is the path of the log that the path of a request means.
func (h *handler) logOf(path string) (file string, ok bool) {
	kind, rest, _ := strings.Cut(path, "/")
	if kind == "mainlogfile" {
		if rest != "" || h.services.MainLog == nil {
			return "", false
		}
		return h.services.MainLog()
	}
	name, channelName, given := strings.Cut(rest, "/")
	channel, known := api.ParseChannel(channelName)
	if name == "" || given && !known || h.services.ProcessLog == nil {
		return "", false
	}
	return h.services.ProcessLog(name, channel)
}

// past is how much of a log a follower sees of the past, in bytes: what it asks for with limit=N, if that is more than
// usual. The original has no such parameter and ignores it.
func past(r *http.Request) int64 {
	n, err := strconv.ParseInt(r.URL.Query().Get("limit"), 10, 64)
	if err != nil {
		return backlog
	}
	return min(max(n, backlog), maxBacklog)
}

const maxBacklog = 8 << 20 // bytes
