package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// client is a connection that repeats a call. It does as little as possible, since it shares the machine with the daemon that it
// measures.
type client struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte
	body    []byte // of the latest response, overwritten by the next
}

// dial connects to the daemon for calls of method with parameters. The deadline of ctx is that of the connection.
func (d *daemon) dial(ctx context.Context, method string, params ...string) (*client, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", d.socket)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	var call strings.Builder
	call.WriteString("<?xml version='1.0'?>\n<methodCall>\n<methodName>" + method + "</methodName>\n<params>\n")
	for _, param := range params {
		call.WriteString("<param>\n<value>" + typed(param) + "</value>\n</param>\n")
	}
	call.WriteString("</params>\n</methodCall>\n")
	header := "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
	request := fmt.Sprintf(header+"%s", call.Len(), call.String())
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), request: []byte(request)}, nil
}

// typed returns a parameter with its type: what looks like XML as it is, false as a boolean, a number as one, and else a string.
func typed(param string) string {
	switch _, err := strconv.Atoi(param); {
	case strings.HasPrefix(param, "<"):
		return param
	case param == "false":
		return "<boolean>0</boolean>"
	case err == nil:
		return "<int>" + param + "</int>"
	}
	return "<string>" + param + "</string>"
}

// call makes a call and returns the body of its response, which is valid until the next call. A fault is an error.
func (c *client) call() ([]byte, error) {
	if _, err := c.conn.Write(c.request); err != nil {
		return nil, err
	}
	size, err := c.header()
	if err != nil {
		return nil, fmt.Errorf("bad response: %w", err)
	}
	if cap(c.body) < size {
		c.body = make([]byte, size)
	}
	c.body = c.body[:size]
	if _, err := io.ReadFull(c.in, c.body); err != nil {
		return nil, err
	}
	if bytes.Contains(c.body[:min(size, 200)], []byte("<fault>")) {
		return nil, fmt.Errorf("fault: %s", c.body)
	}
	return c.body, nil
}

// header reads up to the body and returns its length.
func (c *client) header() (size int, err error) {
	size = -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return 0, fmt.Errorf("status %q", line)
		}
		if len(line) == 0 {
			break
		}
		const key = "content-length:"
		if len(line) > len(key) && bytes.EqualFold(line[:len(key)], []byte(key)) {
			if size, err = strconv.Atoi(string(bytes.TrimSpace(line[len(key):]))); err != nil {
				return 0, err
			}
		}
	}
	if size < 0 {
		return 0, fmt.Errorf("no content length")
	}
	return size, nil
}

// call makes a single call on a connection of its own.
func (d *daemon) call(ctx context.Context, method string, params ...string) ([]byte, error) {
	c, err := d.dial(ctx, method, params...)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	body, err := c.call()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	return body, nil
}

// The sizes of our responses in bytes, for the baseline.
const (
	stateSize = 400
	infoSize  = 1300 // also of each process in a list
)

// calls measures the XML-RPC interface of a daemon with so many programs. The baseline has none and is replaced by a net/http server
// with responses of the same size.
func (t *turn) calls(ctx context.Context, d *daemon, programs int) error {
	window := or(t.settings.quick, 300*time.Millisecond, 2*time.Second)
	for _, c := range []struct {
		method  string
		params  []string
		structs int // in a response
		size    int // of a response, about
		clients int
	}{
		{"getState", nil, 1, stateSize, 1},
		{"getState", nil, 1, stateSize, 32},
		{"getProcessInfo", []string{"p:p-0"}, 1, infoSize, 1},
		{"getAllProcessInfo", nil, programs, programs * infoSize, 1},
		{"getAllProcessInfo", nil, programs, programs * infoSize, 32},
	} {
		name := fmt.Sprintf("%s/%d", c.method, programs)
		if c.clients > 1 {
			name += fmt.Sprintf("/%dclients", c.clients)
		}
		if !t.wants(name, name+"/p50", name+"/p99") {
			continue
		}
		asked, stop := d, func() {}
		if t.who == baseline {
			var err error
			if asked, stop, err = t.bare(ctx, d, c.size, c.structs); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		took, elapsed, err := asked.callRepeatedly(ctx, window, c.clients, c.structs, "supervisor."+c.method, c.params...)
		stop()
		if err != nil {
			return fmt.Errorf("%s: %w", name, d.explain(err))
		}
		t.add(name, float64(len(took))/elapsed.Seconds())
		t.add(name+"/p50", milliseconds(percentile(took, 50)))
		t.add(name+"/p99", milliseconds(percentile(took, 99)))
	}
	return nil
}
