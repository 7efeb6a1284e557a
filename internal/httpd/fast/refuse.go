package fast

import (
	"io"
	"net"
	"net/http"
	"time"
)

// Limits of connections that are refused, which have descriptors for as long as it takes.
const (
	refuseTimeout = time.Second
	maxRefusing   = 4
)

// unavailable is the response of a connection for which there is no place.
var unavailable = []byte("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n" +
	"Server: supervisord\r\n\r\n")

// refuse waits for the request of a connection, so that its client reads the response, answers 503, and closes the
// connection. If many are refused, it closes the connection at once.
func (a *Acceptor) refuse(c net.Conn) {
	defer c.Close()
	defer a.refusing.Add(-1)
	if a.refusing.Add(1) > maxRefusing {
		return
	}
	_ = c.SetDeadline(time.Now().Add(refuseTimeout))
	if n, _ := c.Read(make([]byte, 512)); n == 0 {
		return
	}
	_, _ = c.Write(unavailable)
	if a.options.Answered != nil {
		a.options.Answered(http.StatusServiceUnavailable)
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, c) // what is unread when the connection is closed makes the system discard the response
}
