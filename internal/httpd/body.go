package httpd

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
)

// body is the body of a request. Its capacity is counted in budget.Bodies, from before its bytes come until release.
type body []byte

// patience is how long a client may take for a body.
type patience struct {
	whole time.Duration
	piece time.Duration // for the next bytes
}

// receive reads the whole body of a request. It returns status 200, or the status to refuse the request with; then the
// body may be unread.
func (b *body) receive(w http.ResponseWriter, r *http.Request, isCall bool) (status int) {
	limit, wait := int64(maxForm), patience{unreadTimeout, unreadTimeout}
	switch {
	case isCall:
		if status := checkCall(r); status != http.StatusOK {
			return status
		}
		limit, wait = maxBody, patience{bodyTimeout, pieceTimeout}
	case r.Method == http.MethodPost:
		wait.whole = fast.HeaderTimeout
	}
	switch {
	case r.ContentLength == 0:
		return http.StatusOK
	case r.ContentLength > limit:
		return http.StatusRequestEntityTooLarge
	}
	return b.read(w, r, limit, wait)
}

// checkCall returns the status to refuse a call with whose header is wrong, or status 200.
func checkCall(r *http.Request) (status int) {
	switch {
	case r.Method != http.MethodPost:
		return http.StatusBadRequest
	case len(r.TransferEncoding) == 0 && r.Header["Content-Length"] == nil:
		return http.StatusLengthRequired
	case r.ContentLength == 0:
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// read reads up to limit bytes. When it has read the whole body, there is no deadline for reading any more, so that
// net/http notices when the client disconnects.
func (b *body) read(w http.ResponseWriter, r *http.Request, limit int64, wait patience) (status int) {
	control := http.NewResponseController(w)
	last := time.Now().Add(wait.whole)
	for {
		if len(*b) == cap(*b) && !b.grow(r.ContentLength, limit) {
			return http.StatusServiceUnavailable
		}
		deadline := time.Now().Add(wait.piece)
		if deadline.After(last) {
			deadline = last
		}
		_ = control.SetReadDeadline(deadline)
		n, err := r.Body.Read((*b)[len(*b):cap(*b)])
		*b = (*b)[:len(*b)+n]
		switch {
		case int64(len(*b)) > limit:
			return http.StatusRequestEntityTooLarge
		case err == io.EOF:
			_ = control.SetReadDeadline(time.Time{})
			return http.StatusOK
		case errors.Is(err, os.ErrDeadlineExceeded):
			return http.StatusRequestTimeout
		case err != nil:
			return http.StatusBadRequest
		}
	}
}

// grow makes room for more bytes: at first little, because clients may announce more than they send. Length is what the
// client has announced, -1: nothing. It returns false if the bodies of all clients are too large.
func (b *body) grow(length, limit int64) bool {
	const first = 64 << 10
	size := max(int64(2*cap(*b)), first)
	if length > 0 {
		size = min(size, length)
	}
	size = min(size, limit+1)
	if !budget.Bodies.Take(size - int64(cap(*b))) {
		return false
	}
	*b = append(make(body, 0, size), *b...)
	return true
}

// release forgets the body.
func (b *body) release() {
	budget.Bodies.Release(int64(cap(*b)))
	*b = nil
}

// linger reads what still comes of a body that was refused, so that the client gets the response: it may not look for it
// before it has sent everything. Meanwhile the connection can be closed for others.
func linger(w http.ResponseWriter, r *http.Request) {
	fast.SetRefused(r.Context())
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(unreadTimeout))
	_, _ = io.Copy(io.Discard, r.Body)
}
