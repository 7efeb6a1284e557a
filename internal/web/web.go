// Package web is the web interface: the status page, the log pages, their actions, and the stream that updates an open
// page. It takes all state from operations and carries out all actions through it; it owns nothing but the token of its
// forms. httpd calls Serve, in the goroutine of the request, after authentication, with a body that it has received.
//
// The pages work without JavaScript: every button belongs to a form, and every filter is part of the address. The script
// makes them faster to use. All addresses in pages and redirects are relative, so that a proxy can serve the pages under
// any path.
package web

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// Handler serves the pages for one run of supervisord.
type Handler struct {
	ops        *operations.Service
	host       string    // name of the host of supervisord
	started    time.Time // of supervisord
	instanceID string    // of this run: a page may stay open across a restart
	token      string    // in all forms of the pages; other sites do not know it
	signOuts   signOuts
}

// New returns a Handler. Started is when the daemon was started.
func New(ops *operations.Service, started time.Time) *Handler {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return &Handler{ops: ops, host: host, started: started, instanceID: rand.Text(), token: rand.Text()}
}

// page is a page.
type page struct {
	role   access.Role // the least role of its readers
	daemon bool        // it is about supervisord, and not for readers with programs of their own
	show   func(*Handler, http.ResponseWriter, *http.Request) (status int)
}

// pageTable has all pages by their addresses. Other addresses are those of static files.
var pageTable map[string]page

func init() { // the functions refer to the table of actions
	pageTable = map[string]page{
		"":              {access.Read, false, (*Handler).status},
		"index.html":    {access.Read, false, (*Handler).status},
		"tail.html":     {access.Read, false, (*Handler).tail},
		"maintail.html": {access.Read, true, (*Handler).mainTail},
		"confirm.html":  {access.Read, false, (*Handler).confirm},
		"events":        {access.Read, false, (*Handler).events},
		"signout.html":  {access.Metrics, false, (*Handler).signOut},
		"signin.html":   {access.Metrics, false, (*Handler).signIn},
	}
}

// Serve answers a request and returns 0, or returns the status of the error page that the caller sends.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request) (status int) {
	page := pageTable[strings.TrimLeft(r.URL.Path, "/")]
	get := r.Method == http.MethodGet
	caller := access.Of(r.Context())
	switch {
	case (page.show == nil || r.Method == http.MethodHead) && !caller.May(access.Read):
		note := h.note(r)
		note.Refuse(audit.Status(http.StatusForbidden))
		return http.StatusForbidden
	case page.show == nil || r.Method == http.MethodHead: // only static files answer HEAD
		return h.static(w, r)
	case !get && r.Method != http.MethodPost:
		return http.StatusBadRequest
	case !get && r.Header["Content-Length"] == nil && len(r.TransferEncoding) == 0:
		return http.StatusLengthRequired
	}
	secure(w.Header())
	_ = r.ParseForm() // despite an error the valid part of the form is used
	note := h.note(r)
	if !caller.May(page.role) || page.daemon && caller.HasOwn() {
		note.Refuse(audit.Status(http.StatusForbidden))
		return h.notAllowed(w, r, page.role)
	}
	if _, acts := parseAction(r); !acts && !waiting.Resumed(r.Context()) { // actions are recorded by themselves
		note.End(audit.Result(nil))
	}
	return page.show(h, w, r)
}

// note begins an entry of the audit log about a page.
func (h *Handler) note(r *http.Request) audit.Call {
	return h.ops.Audit().Begin(r.Context(), audit.Web, access.Read, r.URL.Path, r.Form.Get("processname"))
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

// rendering has a place for each page that is being made. A large page takes several times its size for a moment, which
// is short because making it does not wait for the client.
var rendering = make(chan struct{}, 4)

// show makes a page and sends it.
func show(w http.ResponseWriter, code int, name string, data any) (status int) {
	return render(w, code, name, func() (any, int) { return data, 0 })
}

// render makes a page and sends it. Data returns what it shows, or the status of an error page.
func render(w http.ResponseWriter, code int, name string, data func() (any, int)) (status int) {
	var b bytes.Buffer
	if status := execute(&b, name, data); status != 0 {
		return status
	}
	if size := int64(b.Cap()); b.Len() > budget.SmallAnswer {
		if !budget.Answers.Take(size) {
			return http.StatusServiceUnavailable
		}
		defer budget.Answers.Release(size)
	}
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // fails if the client has disconnected
	return 0
}

// execute makes a page, as render does.
func execute(b *bytes.Buffer, name string, data func() (any, int)) (status int) {
	rendering <- struct{}{}
	defer func() { <-rendering }()
	shown, status := data()
	if status != 0 {
		return status
	}
	if err := pages().ExecuteTemplate(b, name, shown); err != nil {
		return http.StatusInternalServerError
	}
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
