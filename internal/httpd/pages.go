package httpd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// Pages answers requests for the web pages. It returns 0 if it sent a response, else the status of the error page to send.
// The context of the request is canceled when the servers are closed. To close the connection without a response, it panics
// with http.ErrAbortHandler.
type Pages func(w http.ResponseWriter, r *http.Request) (status int)

// metrics has the metrics answer a request.
func (h *handler) metrics(w http.ResponseWriter, r *http.Request) {
	if h.services.Metrics == nil {
		h.fail(w, r, http.StatusNotFound)
		return
	}
	h.page(w, r, nil, h.services.Metrics)
}

// API answers requests below /api. As of Pages, the context of a request is canceled when the servers are closed, and a panic with
// http.ErrAbortHandler closes the connection.
type API interface {
	Serve(w http.ResponseWriter, r *http.Request)
	// Problem is the body of a response with that status to a request that does not reach the API.
	Problem(status int) (contentType string, body []byte)
}

// page has the web pages, or the API, answer a request with this body.
func (h *handler) page(w http.ResponseWriter, r *http.Request, b body, serve Pages) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)()
	counted := &counter{ResponseWriter: w, status: http.StatusOK}
	if h.config.HasTLS() {
		w.Header().Set("Strict-Transport-Security", "max-age=86400")
	}
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(b))
	if status := serve(counted, r); status != 0 {
		h.fail(w, r, status)
		return
	}
	_ = http.NewResponseController(w).Flush()
	h.access(r.RemoteAddr, requestLine(r), counted.status, counted.size)
}

// unblock ends a write to a slow consumer, for which Close does not wait.
func unblock(w http.ResponseWriter) { _ = http.NewResponseController(w).SetWriteDeadline(time.Now()) }

// counter records the status and size of a response, for the access line.
type counter struct {
	http.ResponseWriter
	status int
	size   int64
}

// Unwrap is for http.ResponseController.
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

// download sends a log with its present length as a file, or its last n bytes for "Range: bytes=-n". The path is
// logfile/NAME[/stdout|/stderr] or mainlogfile.
func (h *handler) download(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		h.fail(w, r, http.StatusBadRequest)
		return
	}
	log, ok := h.logOf(r.Context(), barePath(r))
	s, info := h.open(w, r, log, ok)
	if s == nil {
		return
	}
	defer s.file.Close()
	if !h.takeFollower(r, s) {
		return
	}
	defer budget.Followers.Release(1)
	defer context.AfterFunc(h.ctx, func() { unblock(w) })()
	defer context.AfterFunc(r.Context(), func() { unblock(w) })()
	header := w.Header()
	header.Set("Content-Type", "text/plain;charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": filepath.Base(s.log.Path)}))
	status := http.StatusOK
	if s.resumed {
		status = s.status
	} else {
		s.end = info.Size()
		if n := suffix(r); n > 0 && s.end > 0 {
			s.offset, status = max(0, s.end-n), http.StatusPartialContent
			header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", s.offset, s.end-1, s.end))
		}
	}
	rest := s.end - s.offset // net/http counts what this program sends
	header.Set("Content-Length", strconv.FormatInt(rest, 10))
	before := s.sent
	s.begin(status)
	s.sendTo(s.end)
	h.access(r.RemoteAddr, requestLine(r), status, s.sent)
	if s.sent-before < rest {
		panic(http.ErrAbortHandler) // truncated meanwhile: the client must notice that bytes are missing
	}
}

// suffix returns the n of a request for the last n bytes, and 0 for any other: other ranges may be ignored.
func suffix(r *http.Request) int64 {
	digits, found := strings.CutPrefix(r.Header.Get("Range"), "bytes=-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !found || err != nil || n < 0 {
		return 0
	}
	return n
}

// logOf returns the log that the path of a request names.
func (h *handler) logOf(ctx context.Context, path string) (log logs.Source, ok bool) {
	kind, rest, _ := strings.Cut(path, "/")
	if kind == "mainlogfile" {
		if rest != "" || h.services.MainLog == nil {
			return log, false
		}
		return h.services.MainLog()
	}
	name, channelName, found := strings.Cut(rest, "/")
	channel, known := api.ParseChannel(channelName)
	if name == "" || found && !known || h.services.ProcessLog == nil {
		return log, false
	}
	return h.services.ProcessLog(ctx, name, channel)
}
