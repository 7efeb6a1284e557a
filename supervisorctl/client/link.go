package client

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// link is a connection to the server. It serves one request at a time.
type link struct {
	net.Conn
	in *bufio.Reader
}

// maxIdle is how many connections are kept between calls.
const maxIdle = 4

// take is a connection that was kept, if the server has not closed it meanwhile, or a new one.
func (c *Client) take(ctx context.Context) (*link, error) {
	for {
		c.mu.Lock()
		n := len(c.idle)
		if n == 0 {
			c.mu.Unlock()
			break
		}
		l := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		if l.quiet() {
			return l, nil
		}
		l.Close()
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, c.network, c.address)
	if err != nil {
		return nil, err
	}
	return &link{conn, bufio.NewReader(conn)}, nil
}

// keep takes a connection back after an answer that was read to its end.
func (c *Client) keep(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.idle) >= maxIdle {
		l.Close()
		return
	}
	c.idle = append(c.idle, l)
}

// quiet tells whether the server has neither closed the connection nor sent anything that nobody asked for. So no call is
// sent into a connection that is closed, and none need be sent twice.
func (l *link) quiet() bool {
	conn, ok := l.Conn.(syscall.Conn)
	if !ok || l.in.Buffered() > 0 {
		return false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Read(func(fd uintptr) bool {
		var next [1]byte
		_, _, err := syscall.Recvfrom(int(fd), next[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = err == syscall.EAGAIN
		return true
	})
	return err == nil && quiet
}

// answer is what the server says to a request. Body must be closed.
type answer struct {
	size int64 // of the body, -1 when it is not known
	Body io.ReadCloser
}

// do sends a request and returns the answer, if its status is 200; anything else is an *HTTPError. A redirect is an
// answer like any other: nothing here is served from elsewhere.
func (c *Client) do(ctx context.Context, method, path string, body []byte) (*answer, error) {
	l, err := c.take(ctx)
	if err != nil {
		return nil, ended(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Unix(1, 0)) })
	head, err := l.ask(c.request(method, path, body))
	if err == nil && head.code != 200 {
		err = &HTTPError{Host: c.hostname, Path: path, Code: head.code, Reason: head.reason}
	}
	if err != nil {
		stop()
		l.Close()
		return nil, ended(ctx, err)
	}
	b := &content{client: c, link: l, ctx: ctx, stop: stop, lasting: head.lasting}
	switch {
	case head.chunked:
		b.from = &chunks{in: l.in}
		head.size = -1
	case head.size >= 0:
		b.from = &exactly{l.in, head.size}
	default:
		b.from, b.lasting = l.in, false
	}
	return &answer{head.size, b}, nil
}

// ended is the reason why a request failed: its context if that is over, else err.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return callError(err)
}

// request is what goes over the wire.
func (c *Client) request(method, path string, body []byte) []byte {
	target := (&url.URL{Path: path}).EscapedPath()
	b := make([]byte, 0, 300+len(c.authorization)+len(target)+len(body))
	b = fmt.Appendf(b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: supervisorctl\r\n", method, target, c.host)
	if method == "POST" {
		b = fmt.Appendf(b, "Content-Type: text/xml\r\nContent-Length: %d\r\n", len(body))
	}
	if c.authorization != "" {
		b = fmt.Appendf(b, "Authorization: %s\r\n", c.authorization)
	}
	b = append(b, "\r\n"...)
	return append(b, body...)
}

// head is what stands before the body of an answer.
type head struct {
	code    int
	reason  string
	size    int64 // -1: none is given
	chunked bool
	lasting bool // the connection can be used again
}

// ask sends a request and reads the head of the answer.
func (l *link) ask(request []byte) (h head, err error) {
	if _, err := l.Write(request); err != nil {
		return h, err
	}
	for h.code < 200 { // 100 and its like come before the answer
		if h, err = l.head(); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (l *link) head() (head, error) {
	const most = 64 << 10 // bytes of a whole head
	h := head{size: -1}
	for read := 0; ; {
		line, err := l.in.ReadString('\n')
		if err != nil {
			return h, err
		}
		if read += len(line); read > most {
			return h, fmt.Errorf("the head of the answer is longer than %d bytes", most)
		}
		line = strings.TrimRight(line, "\r\n")
		if read == len(line)+1 || read == len(line)+2 { // the first one
			version, rest, _ := strings.Cut(line, " ")
			code, reason, _ := strings.Cut(rest, " ")
			if h.code, err = strconv.Atoi(code); err != nil || !strings.HasPrefix(version, "HTTP/1.") || h.code < 100 {
				return h, fmt.Errorf("%.60q is no answer of HTTP", line)
			}
			h.reason, h.lasting = reason, version == "HTTP/1.1"
			continue
		}
		if line == "" {
			return h, nil
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			if h.size, err = strconv.ParseInt(value, 10, 64); err != nil || h.size < 0 {
				return h, fmt.Errorf("%.60q is no length", value)
			}
		case "transfer-encoding":
			h.chunked = strings.EqualFold(value, "chunked")
		case "connection":
			h.lasting = h.lasting && !strings.EqualFold(value, "close")
		}
	}
}
