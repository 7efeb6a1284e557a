// Package web is the web interface: the status page, the pages of logs, the actions behind them, and the stream that keeps
// an open page up to date. It shows what rpc tells it and asks rpc for what is to be done; it owns nothing but the token
// of its forms. httpd calls Serve, in the goroutine of the request, after it has asked for the password.
//
// The pages work without scripts: every button belongs to a form, every filter is an address. The one script makes them
// quicker. All addresses in pages and redirects are relative, so that a proxy may put the pages under any path.
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
	"github.com/gosupervisor/supervisor/internal/rpc"
)

// maxForm is the largest form that is read, in bytes.
const maxForm = 1 << 20

// Handler serves the pages for one life of supervisord.
type Handler struct {
	rpc     *rpc.Server
	host    string    // where supervisord runs
	started time.Time // when it was started
	life    string    // tells this life from others: an open page outlives a restart
	token   string    // what our forms know and nobody else's
	viewers atomic.Int32
}

// New makes a Handler. Started is when the daemon was.
func New(server *rpc.Server, started time.Time) *Handler {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return &Handler{rpc: server, host: host, started: started, life: rand.Text(), token: rand.Text()}
}

// Serve answers a request and returns 0, or returns the status that an error page is to have.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request) (status int) {
	answer := map[string]func(http.ResponseWriter, *http.Request) int{
		"": h.status, "index.html": h.status, "tail.html": h.tail, "maintail.html": h.mainTail,
		"confirm.html": h.confirm, "events": h.events,
	}[strings.TrimLeft(r.URL.Path, "/")]
	get := r.Method == http.MethodGet
	switch {
	case answer == nil || r.Method == http.MethodHead: // the pages have no HEAD
		return h.static(w, r)
	case !get && r.Method != http.MethodPost:
		return http.StatusBadRequest
	case !get && r.Header["Content-Length"] == nil && len(r.TransferEncoding) == 0:
		return http.StatusLengthRequired
	}
	secure(w.Header())
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	var large *http.MaxBytesError
	if err := r.ParseForm(); errors.As(err, &large) { // of any other form we take what we understand
		return http.StatusRequestEntityTooLarge
	}
	return answer(w, r)
}

// policy lets the pages use what comes from here, and nothing else; no script or style inside them counts.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure says what browsers may do with an answer: show it here, once.
func secure(header http.Header) {
	for _, line := range [...][2]string{
		{"Content-Security-Policy", policy},
		{"X-Frame-Options", "DENY"}, // for browsers that do not know frame-ancestors
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

// show answers with a page.
func show(w http.ResponseWriter, code int, name string, data any) (status int) {
	var b bytes.Buffer
	if err := pages().ExecuteTemplate(&b, name, data); err != nil {
		return http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // the client may have gone
	return 0
}

// refused is the status for an error of rpc that has no place in a page.
func refused(err error) (status int) {
	if fault := (api.Fault{}); !errors.As(err, &fault) {
		panic(http.ErrAbortHandler) // the client or supervisord has gone: there is nobody to tell, or nothing
	}
	return http.StatusInternalServerError // it is on its way down, and takes no calls
}

// ours is true for a form of ours.
func (h *Handler) ours(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.PostForm.Get("token")), []byte(h.token)) == 1
}
