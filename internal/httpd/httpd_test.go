package httpd

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// timeout is how long a test waits for what must happen.
const timeout = 10 * time.Second

// shortDir is a directory whose path is short enough for a socket in it.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "sv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func unixServer(file string) config.Server {
	return config.Server{Section: "unix_http_server", Unix: true, File: file, Mode: 0o700, UID: -1, GID: -1}
}

// start serves on a Unix socket and returns its path.
func start(t testing.TB, change func(*config.Server), services Services) (s *Servers, socket string) {
	t.Helper()
	c := unixServer(filepath.Join(shortDir(t), "s"))
	if change != nil {
		change(&c)
	}
	s, err := Open([]config.Server{c}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Serve(services)
	return s, c.File
}

func dial(t testing.TB, socket string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// ask sends a request as it is and returns the response and its body.
func ask(t *testing.T, socket, request string) (*http.Response, string) {
	t.Helper()
	conn := dial(t, socket)
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	return resp, string(body)
}

// echo is a Services.Call. The response is the body in brackets; the body "status N" sets the status.
func echo(_ context.Context, body, dst []byte) ([]byte, func(), int) {
	var status int
	if n, _ := fmt.Sscanf(string(body), "status %d", &status); n == 1 {
		return dst, nil, status
	}
	return append(dst, "["+string(body)+"]"...), nil, http.StatusOK
}

func post(path, headers, body string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + body
}

func TestRoutes(t *testing.T) {
	dir := t.TempDir()
	_, socket := start(t, nil, Services{
		Call: echo,
		ProcessLog: func(_ context.Context, name string, channel api.Channel) (logs.Source, bool) {
			return logs.Source{Path: filepath.Join(dir, name+"."+channel.String())}, name != "nolog"
		},
		MainLog: func() (logs.Source, bool) { return logs.Source{}, false },
	})
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	for _, c := range []struct {
		request string
		status  int
		body    string // "": the error page
	}{
		{post("/RPC2", "Content-Length: 2\r\n", "hi"), 200, "[hi]"},
		{post("/RPC2/", "Content-Length: 2\r\n", "hi"), 200, "[hi]"},
		{post("/RPC2foo", "Content-Length: 2\r\n", "hi"), 200, "[hi]"},
		{post("/%52PC2", "Content-Length: 2\r\n", "hi"), 200, "[hi]"},
		{post("/RPC2", "Transfer-Encoding: chunked\r\n", "2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n"), 200, "[hi!]"},
		{"POST /RPC2 HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", 200, "[hi]"},
		{post("/RPC2", "", ""), 411, ""},
		{post("/RPC2", "Content-Length: 0\r\n", ""), 400, ""},
		{post("/RPC2", "Content-Length: 99999999999\r\n", ""), 413, ""},
		{post("/RPC2", "Content-Length: 10\r\n", "status 400"), 400, ""},
		{post("/RPC2", "Content-Length: 10\r\n", "status 500"), 500, ""},
		{get("/RPC2"), 400, ""},
		{get("/ok.html"), 200, "OK"},
		{get("//ok.html?x=y"), 200, "OK"},
		{post("/ok.html", "Content-Length: 0\r\n", ""), 200, "OK"},
		{get("/ok.html/"), 404, ""},
		{get("http://h/ok.html"), 404, ""},
		{get("/nothing"), 404, ""},
		{get("/"), 404, ""},
		{post("/nothing", "Content-Length: 0\r\n", ""), 400, ""},
		{"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404, ""},
		{"OPTIONS /x HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""},
		{"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 400, ""},
		{get("/logtail"), 404, ""},
		{get("/logtailfoo"), 404, ""},
		{get("/logtail/"), 404, ""},
		{get("/logtail/nolog"), 404, ""},
		{get("/logtail/missing"), 404, ""},
		{get("/logtail/a/stdin"), 404, ""},
		{get("/logtail/a/stdout/x"), 404, ""},
		{post("/logtail/a", "Content-Length: 0\r\n", ""), 400, ""},
		{get("/mainlogtail"), 404, ""},
		{post("/mainlogtail", "Content-Length: 0\r\n", ""), 400, ""},
	} {
		resp, body := ask(t, socket, c.request)
		line, _, _ := strings.Cut(c.request, "\r\n")
		want, contentType := c.body, "text/xml"
		switch c.body {
		case "":
			want = fmt.Sprintf("<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n"+
				"<p>Error code %d.\r\n<p>Message: %s.\r\n</body>\r\n", c.status, http.StatusText(c.status))
			contentType = "text/html"
		case "OK":
			contentType = "text/plain"
		}
		if resp.StatusCode != c.status || body != want {
			t.Errorf("%s: %d %q, want %d %q", line, resp.StatusCode, body, c.status, want)
		}
		h := resp.Header
		if h.Get("Content-Type") != contentType || h.Get("Server") != "supervisord" || h.Get("Date") == "" ||
			resp.ContentLength != int64(len(want)) {
			t.Errorf("%s: headers %v", line, h)
		}
	}
	for _, path := range []string{"/", "/ok.html"} {
		if resp, body := ask(t, socket, "HEAD "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); resp.StatusCode != 404 || body != "" {
			t.Errorf("HEAD %s: %d %q", path, resp.StatusCode, body)
		}
	}
}

func TestMalformedRequest(t *testing.T) {
	_, socket := start(t, nil, Services{})
	resp, _ := ask(t, socket, "not a request\r\n\r\n")
	if resp.StatusCode != 400 || !resp.Close {
		t.Errorf("%d, closed %v", resp.StatusCode, resp.Close)
	}
}

func TestHugeHeader(t *testing.T) {
	_, socket := start(t, nil, Services{})
	resp, _ := ask(t, socket, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 2*maxHeader))
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d", resp.StatusCode)
	}
}

func TestNoResponse(t *testing.T) {
	_, socket := start(t, nil, Services{Call: func(_ context.Context, _, dst []byte) ([]byte, func(), int) { return dst, nil, 0 }})
	conn := dial(t, socket)
	io.WriteString(conn, post("/RPC2", "Content-Length: 2\r\n", "hi"))
	if b, err := io.ReadAll(conn); len(b) != 0 || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

func TestPipelining(t *testing.T) {
	_, socket := start(t, nil, Services{Call: echo})
	conn := dial(t, socket)
	io.WriteString(conn, post("/RPC2", "Content-Length: 1\r\n", "1")+post("/RPC2", "Content-Length: 1\r\n", "2"))
	in := bufio.NewReader(conn)
	for _, want := range []string{"[1]", "[2]"} {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(resp.Body); string(b) != want {
			t.Errorf("got %q, want %q", b, want)
		}
	}
}

func TestUnauthorized(t *testing.T) {
	_, socket := start(t, func(c *config.Server) { c.Username, c.Password = "u", "p" }, Services{Call: echo})
	for _, path := range []string{"/RPC2", "/ok.html", "/mainlogtail", "/nothing"} {
		resp, body := ask(t, socket, post(path, "Content-Length: 2\r\n", "hi"))
		if resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") != `Basic realm="default"` || !resp.Close ||
			!strings.Contains(body, "<p>Message: Unauthorized.") {
			t.Errorf("%s: %d %v %q", path, resp.StatusCode, resp.Header, body)
		}
	}
	request := post("/RPC2", "Authorization: Basic dTpw\r\nContent-Length: 2\r\n", "hi")
	if resp, body := ask(t, socket, request); body != "[hi]" {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
}

// TestAccessLines checks the lines for both readers of requests. A client of a Unix socket, such as a reverse proxy, has no
// address.
func TestAccessLines(t *testing.T) {
	lines := make(chan string, 1)
	_, socket := start(t, nil, Services{Call: echo, Access: func(line string) { lines <- line }})
	for request, want := range map[string]string{
		"GET /ok.html?x HTTP/1.1\r\nHost: h\r\n\r\n":                              `"GET /ok.html?x HTTP/1.1" 200 2`,
		post("/RPC2", "Content-Length: 2\r\n", "hi"):                              `"POST /RPC2 HTTP/1.1" 200 4`,
		post("/RPC2/", "Content-Length: 10\r\n", "status 400"):                    `"POST /RPC2/ HTTP/1.1" 400 `,
		post("/RPC2", "X-Forwarded-For: 10.0.0.1\r\nContent-Length: 2\r\n", "hi"): `"POST /RPC2 HTTP/1.1" 200 4`,
		"POST /RPC2 HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi":                      `"POST /RPC2 HTTP/1.0" 200 4`,
	} {
		ask(t, socket, request)
		line := <-lines
		stamp := line[strings.Index(line, "["):strings.Index(line, " \"")]
		if _, err := time.Parse("[02/Jan/2006:15:04:05 +0000]", stamp); err != nil {
			t.Error(err)
		}
		if !strings.HasPrefix(line, "localhost:0 - - "+stamp+" "+want) {
			t.Errorf("got %s, want %s", line, want)
		}
	}
}

// follower follows a log. The function reads what comes next and compares it.
func follower(t *testing.T, socket, path string) (*http.Response, func(want string)) {
	t.Helper()
	conn := dial(t, socket)
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp, func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if n, err := io.ReadFull(resp.Body, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v; want %q", got[:n], err, want)
		}
	}
}

func write(t *testing.T, path, text string, flags int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flags, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// differs: DIFF-531 the main log, too, passes proxies at once
func TestFollow(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	asked := make(chan string, 1)
	servers, socket := start(t, nil, Services{
		ProcessLog: func(_ context.Context, name string, channel api.Channel) (logs.Source, bool) {
			asked <- name + " " + channel.String()
			return logs.Source{Path: log}, true
		},
		MainLog: func() (logs.Source, bool) { return logs.Source{Path: log}, true },
	})
	write(t, log, "old"+strings.Repeat("x", minBacklog), os.O_APPEND)
	resp, expect := follower(t, socket, "/logtail/group%3Aproc/stderr?limit=3")
	h := resp.Header
	if got := <-asked; got != "group:proc stderr" {
		t.Errorf("the log of %q was requested", got)
	}
	if h.Get("Content-Type") != "text/plain;charset=utf-8" || h.Get("X-Accel-Buffering") != "no" ||
		h.Get("Last-Modified") == "" || !cmp.Equal(resp.TransferEncoding, []string{"chunked"}) {
		t.Errorf("%v %v", h, resp.TransferEncoding)
	}
	expect(strings.Repeat("x", minBacklog))
	long := strings.Repeat("0123456789\n", chunkSize/4)
	write(t, log, long, os.O_APPEND)
	expect(long)
	write(t, log, "", os.O_TRUNC)
	expect(truncated)
	write(t, log, "again", os.O_APPEND)
	expect("again")
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, log+".1", " last", os.O_APPEND)
	expect(" last")
	write(t, log, "new", os.O_APPEND)
	expect("new")
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	write(t, log, "newer", os.O_APPEND)
	expect("newer")

	resp, expect = follower(t, socket, "/mainlogtail")
	if resp.Header.Get("X-Accel-Buffering") != "no" {
		t.Error("a proxy may hold the main log back")
	}
	expect("newer")
	servers.Close()
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Logf("the stream ended with %v", err) // cut off or complete: it ended
	}
}

func TestFollowByHTTP10(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	write(t, log, "small", 0)
	_, socket := start(t, nil, Services{MainLog: func() (logs.Source, bool) { return logs.Source{Path: log}, true }})
	conn := dial(t, socket)
	io.WriteString(conn, "GET /mainlogtail HTTP/1.0\r\n\r\n")
	in := bufio.NewReader(conn)
	for line := "-"; line != "\r\n"; {
		var err error
		if line, err = in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(in, got); err != nil || string(got) != "small" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFollowRefusesOtherFiles(t *testing.T) {
	_, socket := start(t, nil, Services{MainLog: func() (logs.Source, bool) { return logs.Source{Path: "/dev/null"}, true }})
	if resp, _ := ask(t, socket, "GET /mainlogtail HTTP/1.1\r\nHost: x\r\n\r\n"); resp.StatusCode != 404 {
		t.Errorf("%d", resp.StatusCode)
	}
}

func TestFollowEndsWithItsClient(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	write(t, log, "x", 0)
	ended := make(chan string, 1)
	_, socket := start(t, nil, Services{
		MainLog: func() (logs.Source, bool) { return logs.Source{Path: log}, true },
		Access:  func(line string) { ended <- line },
	})
	resp, expect := follower(t, socket, "/mainlogtail")
	expect("x")
	_ = resp
	conn := dial(t, socket)
	io.WriteString(conn, "GET /mainlogtail HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	select {
	case line := <-ended:
		if !strings.HasSuffix(line, `"GET /mainlogtail HTTP/1.1" 200 1`) {
			t.Errorf("%s", line)
		}
	case <-time.After(timeout):
		t.Error("the stream has not ended")
	}
}

func TestCloseWaitsForResponse(t *testing.T) {
	called, release := make(chan struct{}), make(chan struct{})
	s, socket := start(t, nil, Services{Call: func(_ context.Context, _, dst []byte) ([]byte, func(), int) {
		close(called)
		<-release
		return append(dst, bytes.Repeat([]byte("x"), 100_000)...), nil, 200
	}})
	idle := dial(t, socket)
	conn := dial(t, socket)
	io.WriteString(conn, post("/RPC2", "Content-Length: 2\r\n", "hi"))
	slow := dial(t, socket)
	io.WriteString(slow, post("/RPC2", "Content-Length: 2\r\n", "h")) // Close does not wait for it
	<-called
	var wg sync.WaitGroup
	wg.Go(s.Close)
	for { // until the socket file is removed
		if _, err := os.Lstat(socket); err != nil {
			break
		}
	}
	close(release)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(resp.Body); len(b) != 100_000 || err != nil {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	wg.Wait()
	for _, c := range []net.Conn{idle, slow} {
		if _, err := io.ReadAll(c); os.IsTimeout(err) {
			t.Error("a connection is still open")
		}
	}
	s.Close()
}
