// Package web is the web interface: the status page, the log pages, their actions, and the stream that updates an open
// page. It takes all state from operations and carries out all actions through it; it owns nothing but the token of its
// forms. httpd calls Serve, in the goroutine of the request, after authentication.
//
// The pages work without JavaScript: every button belongs to a form, and every filter is part of the address. The script
// makes them faster to use. All addresses in pages and redirects are relative, so that a proxy can serve the pages under
// any path.
package web

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/operations"
)

// maxForm is the largest form that is read, in bytes.
const maxForm = 1 << 20

// Handler serves the pages for one run of supervisord.
type Handler struct {
	ops        *operations.Service
	host       string       // name of the host of supervisord
	started    time.Time    // of supervisord
	instanceID string       // of this run: a page may stay open across a restart
	token      string       // in all forms of the pages; other sites do not know it
	viewers    atomic.Int32 // open streams
}

// New returns a Handler. Started is when the daemon was started.
func New(ops *operations.Service, started time.Time) *Handler {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return &Handler{ops: ops, host: host, started: started, instanceID: rand.Text(), token: rand.Text()}
}

// Serve answers a request and returns 0, or returns the status of the error page that the caller sends.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request) (status int) {
	page := map[string]func(http.ResponseWriter, *http.Request) int{
		"": h.status, "index.html": h.status, "tail.html": h.tail, "maintail.html": h.mainTail,
		"confirm.html": h.confirm, "events": h.events,
	}[strings.TrimLeft(r.URL.Path, "/")]
	get := r.Method == http.MethodGet
	switch {
	case page == nil || r.Method == http.MethodHead: // only static files answer HEAD
		return h.static(w, r)
	case !get && r.Method != http.MethodPost:
		return http.StatusBadRequest
	case !get && r.Header["Content-Length"] == nil && len(r.TransferEncoding) == 0:
		return http.StatusLengthRequired
	}
	secure(w.Header())
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	var large *http.MaxBytesError
	if err := r.ParseForm(); errors.As(err, &large) { // other errors: the valid part of the form is used
		return http.StatusRequestEntityTooLarge
	}
	return page(w, r)
}

// policy allows resources of this server only, and no inline script or style.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets headers that keep a browser from storing a response or using it in another site.
func secure(header http.Header) {
	for _, line := range [...][2]string{
		{"Content-Security-Policy", policy},
		{"X-Frame-Options", "DENY"}, // for browsers without frame-ancestors
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Pragma", "no-cache"},
		{"Cache-Control", "no-cache, no-store"},
		{"Expires", "Thu, 01 Jan 1970 00:00:00 GMT"},
	} {
		header.Set(line[0], line[1])
	}
}

// show sends a page.
func show(w http.ResponseWriter, code int, name string, data any) (status int) {
	var b bytes.Buffer
	if err := pages().ExecuteTemplate(&b, name, data); err != nil {
		return http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // fails if the client has disconnected
	return 0
}

// errorStatus is the status for an error of operations that is not part of a page.
func errorStatus(err error) (status int) {
	if api.FaultOf(err) == nil {
		panic(http.ErrAbortHandler) // the client has disconnected or supervisord has ended
	}
	return http.StatusInternalServerError // supervisord is shutting down
}

// hasToken reports whether a form is one of this handler's pages.
func (h *Handler) hasToken(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.PostForm.Get("token")), []byte(h.token)) == 1
}
