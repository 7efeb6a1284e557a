package httpd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
)

// notSimple is a header field that a simple request does not have.
const notSimple = "X-Other: x\r\n"

const simpleHeader = "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"

// TestSameResponse sends each request once as a simple one and once with a header field that makes net/http answer it.
func TestSameResponse(t *testing.T) {
	_, socket := start(t, func(c *config.Server) { c.Username, c.Password = "u", "p" }, Services{Call: echo})
	for _, body := range []string{"hi", "status 400", "status 500", strings.Repeat("x", 10_000)} {
		for _, authorization := range []string{"", "Basic dTpw", "Basic dTpx"} {
			var responses []string
			for _, field := range []string{"", notSimple} {
				resp, text := ask(t, socket, post("/RPC2", field+"Authorization: "+authorization+"\r\nContent-Length: "+
					strconv.Itoa(len(body))+"\r\n", body))
				resp.Header.Del("Date")
				responses = append(responses, fmt.Sprint(resp.Status, resp.Close, resp.Header, text))
			}
			if responses[0] != responses[1] {
				t.Errorf("%.20q %s: fast\n%.500s\nnet/http\n%.500s", body, authorization, responses[0], responses[1])
			}
		}
	}
}

// TestRequestsOnOneConnection mixes simple and other requests on a connection, whole, in parts and pipelined.
func TestRequestsOnOneConnection(t *testing.T) {
	_, socket := start(t, nil, Services{Call: echo})
	conn := dial(t, socket)
	in := bufio.NewReader(conn)
	call := post("/RPC2", "Content-Length: 6\r\n", "simple")
	large := strings.Repeat("l", 3*fast.MaxRequest)
	for _, c := range []struct {
		sent []string
		want []string
	}{
		{[]string{call}, []string{"[simple]"}},
		{strings.SplitAfter(call, ""), []string{"[simple]"}},
		{[]string{call + call + call}, []string{"[simple]", "[simple]", "[simple]"}},
		{[]string{call + call[:30], call[30:]}, []string{"[simple]", "[simple]"}},
		{[]string{call + "GET /ok.html HTTP/1.1\r\nHost: x\r\n\r\n" + call}, []string{"[simple]", "OK", "[simple]"}},
		{[]string{post("/RPC2", "Content-Length: "+strconv.Itoa(len(large))+"\r\n", large)}, []string{"[" + large + "]"}},
		{[]string{call}, []string{"[simple]"}},
	} {
		for _, part := range c.sent {
			if _, err := io.WriteString(conn, part); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range c.want {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("%.60q: %v", c.sent, err)
			}
			if b, err := io.ReadAll(resp.Body); string(b) != want {
				t.Errorf("%.60q: %.60q, want %.60q, %v", c.sent, b, want, err)
			}
		}
	}
}

// TestCallIsCanceled disconnects the client of a call that waits.
func TestCallIsCanceled(t *testing.T) {
	ended := make(chan error, 1)
	waiting := make(chan struct{})
	_, socket := start(t, nil, Services{Call: func(ctx context.Context, _, dst []byte) ([]byte, func(), int) {
		close(waiting)
		select {
		case <-ctx.Done():
		case <-time.After(timeout):
		}
		ended <- ctx.Err()
		return dst, nil, 0
	}})
	conn := dial(t, socket)
	io.WriteString(conn, post("/RPC2", "Content-Length: 2\r\n", "hi"))
	<-waiting
	conn.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestReadAhead sends the next request, or a part of it, while a call waits.
func TestReadAhead(t *testing.T) {
	release := make(chan struct{})
	_, socket := start(t, nil, Services{Call: func(ctx context.Context, body, dst []byte) ([]byte, func(), int) {
		if string(body) == "wait" {
			select {
			case <-ctx.Done():
			case <-release:
			}
		}
		return echo(ctx, body, dst)
	}})
	conn := dial(t, socket)
	in := bufio.NewReader(conn)
	next := post("/RPC2", "Content-Length: 4\r\n", "next")
	for _, cut := range []int{0, 1, len(next)} {
		io.WriteString(conn, post("/RPC2", "Content-Length: 4\r\n", "wait")+next[:cut])
		release <- struct{}{}
		io.WriteString(conn, next[cut:])
		for _, want := range []string{"[wait]", "[next]"} {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("%d: %v", cut, err)
			}
			if b, _ := io.ReadAll(resp.Body); string(b) != want {
				t.Errorf("%d: %q, want %q", cut, b, want)
			}
		}
	}
}

// TestSharedResponse checks that done is called after a shared response was sent, and that the response is not changed.
func TestSharedResponse(t *testing.T) {
	shared := []byte("shared")
	done := make(chan struct{}, 2)
	_, socket := start(t, nil, Services{Call: func(context.Context, []byte, []byte) ([]byte, func(), int) {
		return shared, func() { done <- struct{}{} }, 200
	}})
	for _, field := range []string{"", notSimple} {
		if _, text := ask(t, socket, post("/RPC2", field+"Content-Length: 2\r\n", "hi")); text != "shared" {
			t.Errorf("%q", text)
		}
		<-done
	}
	if string(shared) != "shared" {
		t.Errorf("%q", shared)
	}
}

// TestIncompleteRequests checks that connections with incomplete requests count as idle ones.
// differs: DIFF-129 limits
func TestIncompleteRequests(t *testing.T) {
	_, socket := start(t, nil, Services{Call: echo})
	incomplete := []string{"P", simpleHeader, simpleHeader + "\r\nh", "GET / HT", "POST /RPC2 HTTP/1.1\r\nHost: x\r\nX: ",
		post("/RPC2", "Transfer-Encoding: chunked\r\n", "5\r\nhe")}
	conns := make([]net.Conn, int(budget.Waiting.Limit)+len(incomplete))
	for i := range conns {
		conns[i] = dial(t, socket)
		if _, err := io.WriteString(conns[i], incomplete[i%len(incomplete)]); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range conns[:len(incomplete)] {
		if n, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: the connection is still open: %d bytes, %v", incomplete[i], n, err)
		}
	}
	askOK(t, dial(t, socket))
}

// TestAnswered shows that the end of each response is reported, by both readers.
func TestAnswered(t *testing.T) {
	answered := make(chan struct{}, 1)
	_, socket := start(t, nil, Services{Call: echo, Answered: func() { answered <- struct{}{} }})
	for _, request := range []string{
		post("/RPC2", "Content-Length: 2\r\n", "hi"),
		post("/RPC2", notSimple+"Content-Length: 2\r\n", "hi"),
		"GET /ok.html HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /nosuch HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		ask(t, socket, request)
		select {
		case <-answered:
		case <-time.After(20 * time.Second):
			t.Errorf("%.40q: the end of the response was not reported", request)
		}
	}
}
