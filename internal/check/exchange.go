package check

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// errHeader is an answer whose header is larger than maxHeader.
var errHeader = errors.New("the header of the answer is larger than 64 KiB")

// exchange sends a request by HTTP/1.1 on a connection of its own, and reads the answer, both in the calling goroutine.
// http.Transport has two goroutines more for each connection and a table of connections, which costs more than the rest of a check.
type exchange struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	tls  http.RoundTripper // for https, and for names that need an encoding
}

// RoundTrip implements [http.RoundTripper]. What is read of the answer is bounded: its header by maxHeader, its body by the caller.
func (e exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "http" || !ascii(req.URL.Host) {
		return e.tls.RoundTrip(req)
	}
	ctx := req.Context()
	c, err := e.dial(ctx, "tcp", net.JoinHostPort(req.URL.Hostname(), cmp.Or(req.URL.Port(), "80")))
	if err != nil {
		return nil, err
	}
	keep := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	answer, err := converse(c, req)
	if err != nil {
		keep()
		c.Close()
		return nil, cmp.Or(ctx.Err(), err)
	}
	answer.Body = body{answer.Body, func() error { keep(); return c.Close() }}
	return answer, nil
}

// converse sends the request and reads the answer up to its body.
func converse(c net.Conn, req *http.Request) (*http.Response, error) {
	last := *req
	last.Close = true
	// A server may answer and close before it has read the whole request: then the answer counts.
	failure := last.Write(c)
	header := &io.LimitedReader{R: c, N: maxHeader}
	r := bufio.NewReader(header)
	for {
		answer, err := http.ReadResponse(r, req)
		switch {
		case err != nil && header.N <= 0:
			return nil, errHeader
		case err != nil:
			return nil, cmp.Or(failure, err)
		case answer.StatusCode/100 == 1 && answer.StatusCode != http.StatusSwitchingProtocols:
			continue
		}
		header.N = maxBody
		return answer, nil
	}
}

// body is the body of an answer, whose end is that of the connection. The one of [http.ReadResponse] would read all of it first.
type body struct {
	io.Reader
	close func() error
}

func (b body) Close() error { return b.close() }

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
