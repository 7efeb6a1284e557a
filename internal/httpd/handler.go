package httpd

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
)

// handler answers the requests of one server.
type handler struct {
	*Servers
	config config.Server
	server int // its number
	counts *counts
}

// ServeHTTP receives a request and answers it.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if failure := recover(); failure != nil {
			h.panicked(failure)
			panic(http.ErrAbortHandler) // closes the connection
		}
	}()
	w = &countedWriter{ResponseWriter: w, counts: h.counts}
	w.Header().Set("Server", "supervisord")
	isCall := strings.HasPrefix(r.URL.Path, "/RPC2")
	b := (*body)(fast.BeginRequest(r))
	verdict := h.judgeRequest(r)
	status := verdict.Status
	switch {
	case verdict.Caller == nil:
	case !answersTo(h.config, h.gate().IsOpen(access.Metrics), r):
		status = http.StatusMisdirectedRequest
	default:
		r = r.WithContext(access.With(r.Context(), verdict.Caller))
		if names := r.Header["X-Supervisor-On-Behalf"]; len(names) == 1 && verdict.Caller.May(access.Full) {
			r = r.WithContext(access.WithBehalf(r.Context(), names[0]))
		}
		defer b.release()
		status = b.receive(w, r, isCall) // before begin: Close does not wait for a client that sends slowly
	}
	unread := status != http.StatusOK && r.ContentLength != 0
	if unread {
		w.Header().Set("Connection", "close")
	}
	fast.BeginAnswer(r.Context(), unread)
	if !h.begin() {
		panic(http.ErrAbortHandler)
	}
	h.respond(w, r, isCall, *b, status, verdict)
	if unread && status != http.StatusRequestTimeout {
		linger(w, r)
	}
}

// respond answers a request, whose body was received with this status. The first case that matches applies.
func (h *handler) respond(w http.ResponseWriter, r *http.Request, isCall bool, b body, status int, verdict access.Verdict) {
	defer h.finish()
	to := h.routeOf(r)
	switch {
	case verdict.Caller == nil:
		h.refuse(w, r, verdict)
	case status == http.StatusMisdirectedRequest:
		w.Header().Set("Connection", "close")
		if h.services.API != nil && isAPI(r) {
			h.fail(w, r, status)
			return
		}
		h.answer(w, r, status, "text/html", []byte(misdirected))
	case !strings.HasPrefix(r.RequestURI, "/"): // with scheme and host, or "*"
		h.fail(w, r, http.StatusNotFound)
	case to.parts != 0 && !h.gate().Serves(to.parts):
		h.fail(w, r, http.StatusNotFound)
	case isCall && crossSite(r), !to.isFor(access.Of(r.Context())):
		note := h.note(r, to)
		note.Refuse(audit.Status(http.StatusForbidden))
		h.fail(w, r, http.StatusForbidden)
	case isCall:
		h.call(w, r, b, status)
	case status != http.StatusOK:
		h.fail(w, r, status)
	case to.name == "/api":
		r, done := h.whileAdmitted(r)
		defer done()
		h.page(w, r, b, func(w http.ResponseWriter, r *http.Request) int { h.services.API.Serve(w, r); return 0 })
	case to.answer != nil:
		h.noteRead(r, to)
		r, done := h.whileAdmitted(r)
		defer done()
		to.answer(h, w, r)
	case h.services.Pages != nil:
		r, done := h.whileAdmitted(r)
		defer done()
		h.page(w, r, b, h.services.Pages)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.fail(w, r, http.StatusBadRequest)
	default:
		h.fail(w, r, http.StatusNotFound)
	}
}

// call answers an XML-RPC request, or with an error page if the status of its body is not 200.
func (h *handler) call(w http.ResponseWriter, r *http.Request, body []byte, status int) {
	var response []byte
	if status == http.StatusOK {
		if h.services.Call == nil {
			h.fail(w, r, http.StatusNotFound)
			return
		}
		buffer := fast.GetBuffer()
		var done func()
		response, done, status = h.Servers.call(r.Context(), body, (*buffer)[:0])
		if done != nil {
			fast.PutBuffer(buffer, *buffer)
			defer done()
		} else {
			defer func() { fast.PutBuffer(buffer, response) }()
			if size := int64(cap(response)); len(response) > budget.SmallAnswer {
				if budget.Answers.Take(size) {
					defer budget.Answers.Release(size)
				} else {
					response, status = (*buffer)[:0], http.StatusServiceUnavailable
				}
			}
		}
	}
	switch status {
	case 0:
		panic(http.ErrAbortHandler)
	case http.StatusOK:
		h.answer(w, r, status, "text/xml", response)
	default:
		h.fail(w, r, status)
	}
}

// fail answers with an error page.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, status int) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	if h.services.API != nil && isAPI(r) {
		contentType, body := h.services.API.Problem(status)
		h.answer(w, r, status, contentType, body)
		return
	}
	h.answer(w, r, status, "text/html", errorPage(status))
}

// answer sends a whole response. Nothing of it is buffered when answer returns, so that Close can rely on responses.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // fails if the client has disconnected or does not read
	}
	_ = http.NewResponseController(w).Flush()
	h.access(r.RemoteAddr, requestLine(r), status, int64(len(body)))
}

func requestLine(r *http.Request) string { return r.Method + " " + r.RequestURI + " " + r.Proto }

// accessFunc is access, or nil if access lines are not wanted.
func (h *handler) accessFunc() func(remote, request string, status int, size int64) {
	if h.services.Access == nil {
		return nil
	}
	return h.access
}

// access reports a response, whose body has size bytes. The clients of a Unix socket have no address.
func (h *handler) access(remote, request string, status int, size int64) {
	if h.services.Access == nil {
		return
	}
	host, port := "localhost", "0"
	if !h.config.Unix {
		if a, p, err := net.SplitHostPort(remote); err == nil {
			host, port = a, p
		}
	}
	h.services.Access(fmt.Sprintf(`%s:%s - - [%s] "%s" %d %d`, host, port,
		time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700"), request, status, size))
}

// errorPage is the body of a response that is not a success.
func errorPage(status int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n"+
		"<p>Error code %d.\r\n<p>Message: %s.\r\n</body>\r\n", status, http.StatusText(status))
	return b.Bytes()
}
