package check

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestExchange makes requests to a server that answers with the text of a case, and closes the connection then.
func TestExchange(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	answers := make(chan string, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			// One that does not read its request resets the connection, whose client has read the answer then.
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				c.Write([]byte(<-answers))
			}
			c.Close()
		}
	}()
	many := strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 63)
	for _, c := range []struct{ answer, want string }{
		{"HTTP/1.1 204 No Content\r\n\r\n", ""},
		{"HTTP/1.0 200 OK\r\n\r\nuntil the end", ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "unexpected EOF"},
		{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP 404"},
		{"HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP 101"},
		{"HTTP/1.1 200 OK\r\n" + many + "\r\n", ""},
		{"HTTP/1.1 200 OK\r\n" + many + many + "\r\n", errHeader.Error()},
		{strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 4000), errHeader.Error()},
		{"SSH-2.0-OpenSSH_9.2\r\n", `malformed HTTP response "SSH-2.0-OpenSSH_9.2"`},
		{"", "unexpected EOF"},
	} {
		answers <- c.answer
		if got := probe(context.Background(), script(t, "http://"+l.Addr().String()), 10*time.Second, os.Getuid()); got != c.want {
			t.Errorf("%.60q: %q, not %q", c.answer, got, c.want)
		}
	}
}

// TestExchangeIsCancelled shows that a request ends at once when its context does.
func TestExchangeIsCancelled(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		http.ReadRequest(bufio.NewReader(c))
		cancel()
		c.Read(make([]byte, 1)) // until the client closes the connection
	}()
	if got := probe(ctx, script(t, "http://"+l.Addr().String()), time.Hour, os.Getuid()); got != "context canceled" {
		t.Errorf("%q", got)
	}
}
