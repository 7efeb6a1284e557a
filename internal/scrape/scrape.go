// Package scrape answers requests for metrics: it collects the measurements from the loop, the servers and the system, and sends them in
// the format that the client wants. It has no state but what it was made with, and does nothing between two requests. httpd calls Serve, in the
// goroutine of the request, after authentication.
package scrape

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/metrics"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// Options are what a Handler is made from.
type Options struct {
	Started   time.Time               // of supervisord
	Resources string                  // metrics_resources
	Servers   func() []metrics.Server // returns what is measured of the servers
}

// Handler answers requests for metrics of one run of supervisord.
type Handler struct {
	Options
	sup    *supervisor.Supervisor
	ops    *operations.Service
	making sync.Mutex // held while an answer is made: a large one takes several times its size for a moment
	files  files      // guarded by making
}

// New returns a Handler.
func New(sup *supervisor.Supervisor, o Options) *Handler {
	return &Handler{Options: o, sup: sup, ops: operations.New(sup)}
}

// Serve answers a request and returns 0, or returns the status of the error page that the caller sends.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request) (status int) {
	header := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		return http.StatusMethodNotAllowed
	}
	header.Set("Cache-Control", "no-store")
	q, problem := parseQuery(r.URL.Query())
	if problem != "" {
		header.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(problem + "\n"))
		return 0
	}
	format, zipped := formatFor(r.Header.Values("Accept")), acceptsGzip(r.Header.Values("Accept-Encoding"))
	text, err := h.text(r, q, format, zipped)
	if err != nil {
		panic(http.ErrAbortHandler) // supervisord has ended
	}
	if size := int64(cap(text)); len(text) > budget.SmallAnswer {
		if !budget.Answers.Take(size) {
			return http.StatusServiceUnavailable
		}
		defer budget.Answers.Release(size)
	}
	header.Set("Content-Type", format.ContentType())
	header.Set("Vary", "Accept, Accept-Encoding")
	if zipped {
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // fails if the client has disconnected
	}
	return 0
}

// seriesSize is about how long a series is, and seriesNumber how many a process has.
const (
	seriesSize   = 80
	seriesNumber = 18
)

// text makes an answer.
func (h *Handler) text(r *http.Request, q query, format metrics.Format, zipped bool) ([]byte, error) {
	h.making.Lock()
	defer h.making.Unlock()
	values, err := h.values(r.Context(), q)
	if err != nil {
		return nil, err
	}
	text := make([]byte, 0, 8<<10+len(values.Processes)*seriesNumber*seriesSize)
	text = metrics.Append(text, values, format, q.parts, !access.Of(r.Context()).HasOwn())
	if !zipped {
		return text, nil
	}
	var b bytes.Buffer
	b.Grow(1<<10 + len(text)/8)
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // never fails with this level
	_, _ = z.Write(text)
	_ = z.Close()
	return b.Bytes(), nil
}
