package client

import (
	"bytes"
	"context"
	"net"
	"strings"
)

func dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &httpConn{Conn: conn}, nil
}

// httpConn is a connection to a server. A read fails with a *NotHTTPError if the first bytes are no HTTP response.
type httpConn struct {
	net.Conn
	address string // of a server with TLS
	shows   bool   // a certificate, if the server asks for one
	seen    bool   // the first bytes
}

// maxShown is how much a NotHTTPError shows of what the server sent, in bytes.
const maxShown = 80

// Read implements net.Conn.
func (c *httpConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && c.address != "" {
		err = refusal(c.address, err, c.shows) // the answer to a certificate comes after the handshake
	}
	if n > 0 && !c.seen {
		c.seen = true
		begin := p[:n]
		if !bytes.HasPrefix(begin, []byte("HTTP/")) && !strings.HasPrefix("HTTP/", string(begin)) {
			line, _, _ := bytes.Cut(begin[:min(n, maxShown)], []byte("\n"))
			return 0, &NotHTTPError{Line: printable(line)}
		}
	}
	return n, err
}

// printable returns a text whose characters can be shown on a terminal.
func printable(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || '~' < r && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(text), "?"))
}
