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
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// handler answers the requests of one server.
type handler struct {
	*Servers
	config config.Server
	crowd  *crowd
}

// turn follows whose turn it is on a connection that net/http serves.
func (h *handler) turn(c net.Conn, state http.ConnState) {
	switch c := c.(*conn); state {
	case http.StateIdle:
		c.waits()
	case http.StateClosed, http.StateHijacked:
		h.crowd.leave(c)
	}
}

// ServeHTTP finds what a request is about. The first rule that fits wins.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "supervisord")
	welcome := authorized(h.config, r.Header.Get("Authorization"))
	isCall := strings.HasPrefix(r.URL.Path, "/RPC2")
	var body []byte
	status := http.StatusOK
	if welcome && isCall {
		body, status = requestBody(w, r) // before begin: a client that is slow to send does not hold up Close
	}
	connOf(r.Context()).busy()
	if !h.begin() {
		panic(http.ErrAbortHandler) // closes the connection
	}
	defer h.answers.Done()
	if !welcome {
		w.Header().Set("Connection", "close")
		w.Header().Set("WWW-Authenticate", `Basic realm="default"`)
		h.fail(w, r, http.StatusUnauthorized)
		return
	}
	path := r.URL.Path
	switch bare := strings.TrimLeft(path, "/"); {
	case !strings.HasPrefix(r.RequestURI, "/"): // with scheme and host, or "*"
		h.fail(w, r, http.StatusNotFound)
	case isCall && forged(r):
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

// responses keeps the memory of answers for the next ones, so that a client that asks often makes no garbage. Answers that
// are larger than any list of processes are not kept.
var responses = sync.Pool{New: func() any { return new([]byte) }}

const maxKeptResponse = 8 << 20 // bytes

// keep gives back the room of an answer, which may have moved to a larger one.
func keep(room *[]byte, response []byte) {
	if cap(response) <= maxKeptResponse {
		*room = response[:0]
		responses.Put(room)
	}
}

// call answers an XML-RPC request, or refuses it when its body brought another status than 200.
func (h *handler) call(w http.ResponseWriter, r *http.Request, body []byte, status int) {
	var response []byte
	if status == http.StatusOK {
		if h.services.Call == nil {
			h.fail(w, r, http.StatusNotFound)
			return
		}
		room := responses.Get().(*[]byte)
		var done func()
		response, done, status = h.services.Call(r.Context(), body, (*room)[:0])
		if done != nil {
			responses.Put(room)
			defer done()
		} else {
			defer func() { keep(room, response) }()
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

// requestBody reads the body whole, or says which status its lack deserves.
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
	_ = control.SetReadDeadline(time.Now().Add(bodyWait))
	defer control.SetReadDeadline(time.Time{})
	var err error
	if r.ContentLength > 0 && r.ContentLength <= maxHeader { // common, and not worth growing a buffer for
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
	h.answer(w, r, status, "text/html", errorPage(status, http.StatusText(status)))
}

// answer sends an answer whole. It is out before answer returns: Close then need not wait for more.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	control := http.NewResponseController(w)
	size := len(body)
	for r.Method != http.MethodHead && len(body) > 0 {
		n := min(len(body), piece)
		_ = control.SetWriteDeadline(time.Now().Add(takingWait))
		if _, err := w.Write(body[:n]); err != nil { // the client has gone
			break
		}
		body = body[n:]
	}
	_ = control.Flush()
	_ = control.SetWriteDeadline(time.Time{})
	h.access(r.RemoteAddr, requestLine(r), status, int64(size))
}

func requestLine(r *http.Request) string { return r.Method + " " + r.RequestURI + " " + r.Proto }

// access reports an answer to whoever wants to know. On a Unix socket no client has an address.
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

// errorPage is the body of an answer that is no success.
func errorPage(status int, reason string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n"+
		"<p>Error code %d.\r\n<p>Message: %s.\r\n</body>\r\n", status, reason)
	return b.Bytes()
}
