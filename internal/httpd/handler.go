package httpd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
)

// handler answers the requests of one server.
type handler struct {
	*Servers
	config config.Server
}

// ServeHTTP routes a request. The first case that matches applies.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "supervisord")
	authorized := hasCredentials(h.config, r.Header.Get("Authorization"))
	isCall := strings.HasPrefix(r.URL.Path, "/RPC2")
	var body []byte
	status := http.StatusOK
	if authorized && isCall {
		body, status = requestBody(w, r) // before begin: Close does not wait for a client that sends slowly
	}
	fast.SetActive(r.Context())
	if !h.begin() {
		panic(http.ErrAbortHandler) // closes the connection
	}
	defer h.responses.Done()
	if !authorized {
		w.Header().Set("Connection", "close")
		w.Header().Set("WWW-Authenticate", `Basic realm="default"`)
		h.fail(w, r, http.StatusUnauthorized)
		return
	}
	path := r.URL.Path
	switch bare := strings.TrimLeft(path, "/"); {
	case !strings.HasPrefix(r.RequestURI, "/"): // with scheme and host, or "*"
		h.fail(w, r, http.StatusNotFound)
	case isCall && crossSite(r):
		h.fail(w, r, http.StatusForbidden)
	case isCall:
		h.call(w, r, body, status)
	case strings.HasPrefix(path, "/logtail"):
		h.followProcess(w, r, bare)
	case strings.HasPrefix(path, "/mainlogtail"):
		h.followMain(w, r)
	case strings.HasPrefix(bare, "logfile/") || bare == "mainlogfile":
		h.download(w, r, bare)
	case bare == "ok.html" && (r.Method == http.MethodGet || r.Method == http.MethodPost):
		h.answer(w, r, http.StatusOK, "text/plain", []byte("OK"))
	case h.services.Pages != nil:
		h.page(w, r)
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
		response, done, status = h.services.Call(r.Context(), body, (*buffer)[:0])
		if done != nil {
			fast.PutBuffer(buffer, *buffer)
			defer done()
		} else {
			defer func() { fast.PutBuffer(buffer, response) }()
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

// requestBody reads the whole body. It returns it with status 200, or the status to refuse the request with.
func requestBody(w http.ResponseWriter, r *http.Request) (body []byte, status int) {
	chunked := len(r.TransferEncoding) > 0
	switch {
	case r.Method != http.MethodPost:
		return nil, http.StatusBadRequest
	case !chunked && r.Header["Content-Length"] == nil:
		return nil, http.StatusLengthRequired
	case r.ContentLength == 0:
		return nil, http.StatusBadRequest
	case r.ContentLength > maxBody:
		return nil, http.StatusRequestEntityTooLarge
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	defer control.SetReadDeadline(time.Time{})
	var err error
	if r.ContentLength > 0 && r.ContentLength <= maxHeader { // usual: no buffer that grows
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, http.StatusRequestEntityTooLarge
	}
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return body, http.StatusOK
}

// fail answers with an error page.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, status int) {
	h.answer(w, r, status, "text/html", errorPage(status))
}

// answer sends a whole response. Nothing of it is buffered when answer returns, so that Close can rely on responses.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	control := http.NewResponseController(w)
	size := len(body)
	for r.Method != http.MethodHead && len(body) > 0 {
		n := min(len(body), fast.PartSize)
		_ = control.SetWriteDeadline(time.Now().Add(fast.WriteTimeout))
		if _, err := w.Write(body[:n]); err != nil { // the client has disconnected
			break
		}
		body = body[n:]
	}
	_ = control.Flush()
	_ = control.SetWriteDeadline(time.Time{})
	h.access(r.RemoteAddr, requestLine(r), status, int64(size))
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
