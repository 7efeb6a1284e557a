package fast

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/budget"
)

// headerSpace is the most that the header of a response needs, in bytes. It is left free in front of a body, whose length
// must be known first.
const headerSpace = 192

var noHeader [headerSpace]byte

// answer answers one request, for which Begin has returned true; received begins with it. It returns false if the connection is to be
// closed, else what the client sent meanwhile.
func (a *Acceptor) answer(c *conn, r request, caller *access.Caller, received []byte) (ahead readAhead, ok bool) {
	defer a.options.End()
	c.readAhead = received
	defer func() { c.readAhead = nil }()
	ctx := &callContext{conn: c, caller: caller}
	buffer := GetBuffer()
	response, done, status := a.options.Call(ctx, r.body, append((*buffer)[:0], noHeader[:]...))
	ahead = ctx.end()
	contentType := "text/xml"
	if done == nil && len(response) > budget.SmallAnswer { // a shared one is counted where it is kept
		if size := int64(cap(response)); budget.Answers.Take(size) {
			defer budget.Answers.Release(size)
		} else {
			status = http.StatusServiceUnavailable
		}
	}
	switch {
	case status == 0:
		buffers.Put(buffer)
		return ahead, false
	case status != http.StatusOK:
		contentType = "text/html"
		response = append(append((*buffer)[:0], noHeader[:]...), a.options.ErrorPage(status)...)
	}
	if a.options.Answered != nil {
		a.options.Answered(status)
	}
	var size int
	var err error
	if done != nil { // the response is shared: the header cannot be written into it
		size = len(response)
		if _, err = c.Write(appendHeader((*buffer)[:0], status, contentType, size)); err == nil {
			_, err = c.Write(response)
		}
		done()
		buffers.Put(buffer)
	} else {
		size = len(response) - headerSpace
		var fixed [headerSpace]byte
		header := appendHeader(fixed[:0], status, contentType, size)
		begin := headerSpace - len(header)
		copy(response[begin:], header)
		_, err = c.Write(response[begin:])
		PutBuffer(buffer, response)
	}
	if a.options.Access != nil {
		a.options.Access(c.RemoteAddr().String(), string(r.line), status, int64(size))
	}
	return ahead, err == nil
}

// buffers keeps the memory of responses for the next ones, so that frequent requests leave no garbage.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxKept is the largest buffer that is kept, in bytes: more than any list of processes needs.
const maxKept = 8 << 20

// GetBuffer returns an empty buffer for a response.
func GetBuffer() *[]byte { return buffers.Get().(*[]byte) }

// PutBuffer gives a buffer back. Used is what it has become, perhaps in another place.
func PutBuffer(buffer *[]byte, used []byte) {
	if cap(used) <= maxKept {
		*buffer = used[:0]
		buffers.Put(buffer)
	}
}

func appendHeader(dst []byte, status int, contentType string, size int) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, http.StatusText(status)...)
	dst = append(dst, "\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(size), 10)
	dst = append(dst, "\r\nContent-Type: "...)
	dst = append(dst, contentType...)
	dst = append(dst, "\r\nDate: "...)
	dst = append(dst, date(time.Now())...)
	if status == http.StatusServiceUnavailable {
		dst = append(dst, "\r\nRetry-After: 1"...)
	}
	return append(dst, "\r\nServer: supervisord\r\n\r\n"...)
}

// datedSecond is a second and its text in a Date field.
type datedSecond struct {
	second int64
	text   string
}

var lastDate atomic.Pointer[datedSecond]

// date returns the text of a Date field, which is formatted once a second.
func date(now time.Time) string {
	second := now.Unix()
	if d := lastDate.Load(); d != nil && d.second == second {
		return d.text
	}
	d := &datedSecond{second, now.UTC().Format(http.TimeFormat)}
	lastDate.Store(d)
	return d.text
}
