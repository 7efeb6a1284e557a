package httpd

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// pipes is a listener for connections without the system, whose time is that of synctest.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }
func (p pipes) Close() error   { close(p.closed); return nil }

// serveOn serves on a listener.
func serveOn(l net.Listener, c config.Server, services Services) *Servers {
	s := &Servers{listeners: []listener{{socket: &socket{Listener: l}, config: c}}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.Serve(services)
	return s
}

// startPipes is start on pipes. Connect returns the client's end of a new connection.
func startPipes(t *testing.T, c config.Server, services Services) (connect func() net.Conn) {
	t.Helper()
	l := pipes{make(chan net.Conn), make(chan struct{})}
	t.Cleanup(serveOn(l, c, services).Close)
	return func() net.Conn {
		ours, theirs := net.Pipe()
		l.conns <- theirs
		return ours
	}
}

// TestBodyThatDoesNotCome sends requests whose body does not come, or not whole. All connections are closed, for each kind of
// request: soon if the body is not needed, else when its sender has paused for long or takes too long.
//
// covers: SEC-1 SEC-8
func TestBodyThatDoesNotCome(t *testing.T) {
	const length = "Content-Length: 1000\r\n"
	get := func(path, fields string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" }
	for _, c := range []struct {
		name, request string
		user          string
		drip          time.Duration // one more byte of the body is sent that often
		limit         time.Duration
	}{
		{"401", post("/", length, ""), "u", 0, unreadTimeout},
		{"401 call", post("/RPC2", length, ""), "u", 0, unreadTimeout},
		{"401 call, part", post("/RPC2", length, "part"), "u", 0, unreadTimeout},
		{"401 dripping", post("/RPC2", length, ""), "u", time.Second, unreadTimeout},
		{"401 chunked", post("/RPC2", "Transfer-Encoding: chunked\r\n", "5\r\nhe"), "u", 0, unreadTimeout},
		{"401 chunked, trailer", post("/RPC2", "Transfer-Encoding: chunked\r\n", "0\r\nX: "), "u", 0, unreadTimeout},
		{"401 large", post("/RPC2", "Content-Length: 33000000\r\n", "x"), "u", 0, unreadTimeout},
		{"401 expect", post("/RPC2", length+"Expect: 100-continue\r\n", ""), "u", 0, unreadTimeout},
		{"401 get", get("/mainlogtail", length), "u", 0, unreadTimeout},
		{"401 put", "PUT /x HTTP/1.1\r\nHost: x\r\n" + length + "\r\n", "u", 0, unreadTimeout},
		{"401 close", post("/x", length+"Connection: close\r\n", ""), "u", 0, unreadTimeout},
		{"401 1.0", "POST /RPC2 HTTP/1.0\r\n" + length + "\r\n", "u", 0, unreadTimeout},
		{"page", get("/index.html", length), "", 0, unreadTimeout},
		{"page expect", get("/index.html", length+"Expect: 100-continue\r\n"), "", 0, unreadTimeout},
		{"page dripping", get("/index.html", length), "", time.Second, unreadTimeout},
		{"stream", get("/mainlogtail", length), "", 0, unreadTimeout},
		{"put", "PUT /index.html HTTP/1.1\r\nHost: x\r\n" + length + "\r\n", "", 0, unreadTimeout},
		{"head", "HEAD /index.html HTTP/1.1\r\nHost: x\r\n" + length + "\r\n", "", 0, unreadTimeout},
		{"proxy", post("http://h/RPCx", length, ""), "", 0, unreadTimeout},
		{"other site", post("/RPC2", "Content-Type: text/plain\r\nSec-Fetch-Site: cross-site\r\n"+length, ""), "", 0, pieceTimeout},
		{"call by put", "PUT /RPC2 HTTP/1.1\r\nHost: x\r\n" + length + "\r\n", "", 0, unreadTimeout},
		{"too large", post("/RPC2", "Content-Length: 99000000\r\n", ""), "", 0, unreadTimeout},
		{"form", post("/index.html", length, "a"), "", 0, unreadTimeout},
		{"form chunked", post("/index.html", "Transfer-Encoding: chunked\r\n", "5\r\nhe"), "", 0, unreadTimeout},
		{"form dripping", post("/index.html", length, "a"), "", time.Second, fast.HeaderTimeout},
		{"call", post("/RPC2", notSimple+length, "a"), "", 0, pieceTimeout},
		{"call dripping", post("/RPC2", notSimple+length, "a"), "", 20 * time.Second, bodyTimeout},
		{"simple", post("/RPC2", length, "a"), "", 0, fast.HeaderTimeout},
		{"simple dripping", post("/RPC2", length, "a"), "", time.Second, fast.HeaderTimeout},
		{"header", "GET / HTTP/1.1\r\nHost: x\r\nX: ", "", time.Second, fast.HeaderTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := startPipes(t, config.Server{Username: c.user}, Services{
					Call: echo, MainLog: func() (logs.Source, bool) { return logs.Source{Path: "/dev/null"}, true },
					Pages: func(http.ResponseWriter, *http.Request) int { return http.StatusNotFound },
				})()
				from := time.Now()
				var sender sync.WaitGroup
				defer sender.Wait()
				defer conn.Close()
				sender.Go(func() {
					_, err := io.WriteString(conn, c.request)
					for c.drip > 0 && err == nil {
						<-time.After(c.drip)
						_, err = io.WriteString(conn, "x")
					}
				})
				_, _ = io.Copy(io.Discard, conn)
				if took := time.Since(from); took > c.limit+time.Second {
					t.Errorf("the connection was open for %v, longer than %v", took, c.limit)
				}
			})
		})
	}
}

// TestSlowSender sends a call in pieces with long pauses between them, which is answered.
func TestSlowSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := startPipes(t, config.Server{}, Services{Call: echo})()
		go func() {
			io.WriteString(conn, post("/RPC2", notSimple+"Content-Length: 10\r\n", ""))
			for range 10 {
				<-time.After(pieceTimeout * 9 / 10)
				io.WriteString(conn, "x")
			}
		}()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); string(b) != "[xxxxxxxxxx]" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
	})
}

// TestWaitingCall sends a call that waits longer than any limit for reading, after a body that came in two pieces.
func TestWaitingCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := startPipes(t, config.Server{}, Services{Call: func(ctx context.Context, body, dst []byte) ([]byte, func(), int) {
			select {
			case <-ctx.Done():
				return dst, nil, 0
			case <-time.After(24 * time.Hour):
				return echo(ctx, body, dst)
			}
		}})()
		go func() {
			io.WriteString(conn, post("/RPC2", notSimple+"Content-Length: 2\r\n", "h"))
			io.WriteString(conn, "i")
		}()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); string(b) != "[hi]" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
	})
}

// TestUnreadResponses asks for responses of every kind and reads nothing. Each connection is closed.
//
// covers: SEC-8
func TestUnreadResponses(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	write(t, log, strings.Repeat("x", 1<<20), 0)
	large := strings.Repeat("x", 1<<20)
	for request, limit := range map[string]time.Duration{
		post("/RPC2", "Content-Length: 2\r\n", "hi"):                   fast.WriteTimeout,
		post("/RPC2", notSimple+"Content-Length: 2\r\n", "hi"):         fast.WriteTimeout,
		"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n":                  fast.WriteTimeout,
		"GET /nothing HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\n\r\n": fast.WriteTimeout,
		"GET /mainlogtail?limit=1000000 HTTP/1.1\r\nHost: x\r\n\r\n":   fast.IdleTimeout,
		"GET /mainlogtail HTTP/1.0\r\n\r\n":                            fast.IdleTimeout,
		"GET /mainlogfile HTTP/1.1\r\nHost: x\r\n\r\n":                 fast.IdleTimeout,
	} {
		synctest.Test(t, func(t *testing.T) {
			var closed atomic.Int64 // when, in nanoseconds
			ours, theirs := net.Pipe()
			from := time.Now()
			conn := &watched{Conn: theirs, closed: func() { closed.CompareAndSwap(0, int64(time.Since(from))) }}
			l := pipes{make(chan net.Conn), make(chan struct{})}
			s := serveOn(l, config.Server{}, Services{
				Call:    func(_ context.Context, _, dst []byte) ([]byte, func(), int) { return append(dst, large...), nil, 200 },
				MainLog: func() (logs.Source, bool) { return logs.Source{Path: log}, true },
				Pages: func(w http.ResponseWriter, _ *http.Request) int {
					_, _ = io.WriteString(w, large)
					return 0
				},
			})
			l.conns <- conn
			if _, err := io.WriteString(ours, request); err != nil {
				t.Fatal(err)
			}
			<-time.After(3 * limit)
			if took := time.Duration(closed.Load()); took < limit/2 || took > 2*limit {
				t.Errorf("%.60q: closed after %v", request, took)
			}
			ours.Close()
			s.Close()
		})
	}
	if budget.Answers.Held() != 0 || budget.Followers.Held() != 0 {
		t.Errorf("%d bytes of answers and %d followers are left", budget.Answers.Held(), budget.Followers.Held())
	}
}

// watched calls a function when it is closed.
type watched struct {
	net.Conn
	closed func()
}

func (w *watched) Close() error {
	w.closed()
	return w.Conn.Close()
}

// limited sets the limit of a budget for a test, when nothing is held any more. At its end it waits until that is so again: Close does
// not wait for bodies, nor for connections of the test before that are being closed.
func limited(t *testing.T, b *budget.Budget, limit int64) {
	awaitNothing(t, b)
	before := b.Limit
	b.Limit = limit
	t.Cleanup(func() {
		awaitNothing(t, b)
		b.Limit = before
	})
}

func awaitNothing(t *testing.T, b *budget.Budget) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); b.Held() != 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Errorf("%s: %d are still held", b.Name, b.Held())
			return
		}
	}
}

// TestBodiesInFlight sends bodies that together exceed the budget. The one that does not fit is refused, with a response
// that its client gets although it looks for it only when it has sent everything; the others are answered.
//
// covers: SEC-17
func TestBodiesInFlight(t *testing.T) {
	limited(t, budget.Bodies, 4<<20)
	_, socket := start(t, nil, Services{Call: func(_ context.Context, body, dst []byte) ([]byte, func(), int) {
		return strconv.AppendInt(dst, int64(len(body)), 10), nil, 200
	}})
	const size = 3 << 20
	body := strings.Repeat("x", size)
	for name, encode := range map[string]func(string) string{
		"length":  func(body string) string { return post("/RPC2", "Content-Length: "+strconv.Itoa(size)+"\r\n", body) },
		"chunked": func(body string) string { return post("/RPC2", "Transfer-Encoding: chunked\r\n", "300000\r\n"+body) },
	} {
		first := dial(t, socket)
		if _, err := io.WriteString(first, encode(body[:size-1])); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(timeout); budget.Bodies.Held() < size; {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d bytes are held", name, budget.Bodies.Held())
			}
		}
		resp, _ := ask(t, socket, post("/RPC2", "Content-Length: "+strconv.Itoa(size)+"\r\n", body))
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !resp.Close {
			t.Errorf("%s: %d %v", name, resp.StatusCode, resp.Header)
		}
		if resp, text := ask(t, socket, post("/RPC2", "Content-Length: 2\r\n", "hi")); text != "2" {
			t.Errorf("%s: a short call: %d %q", name, resp.StatusCode, text)
		}
		rest := "x"
		if name == "chunked" {
			rest = "x\r\n0\r\n\r\n"
		}
		io.WriteString(first, rest)
		resp, err := http.ReadResponse(bufio.NewReader(first), nil)
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(resp.Body); string(text) != strconv.Itoa(size) {
			t.Errorf("%s: the first got %d %q", name, resp.StatusCode, text)
		}
	}
}

// TestAnnouncedBody announces a large body and sends little: the budget holds what came, not what was announced.
func TestAnnouncedBody(t *testing.T) {
	limited(t, budget.Bodies, maxBody)
	_, socket := start(t, nil, Services{Call: echo})
	for range 10 {
		io.WriteString(dial(t, socket), post("/RPC2", "Content-Length: "+strconv.Itoa(maxBody)+"\r\n", "x"))
	}
	if resp, text := ask(t, socket, post("/RPC2", notSimple+"Content-Length: 2\r\n", "hi")); text != "[hi]" {
		t.Errorf("%d %q", resp.StatusCode, text)
	}
}

// TestAnswersInFlight leaves answers unread that together exceed the budget. Calls get 503 before an answer begins, from both
// readers of requests, and what has begun is sent.
//
// covers: SEC-8
func TestAnswersInFlight(t *testing.T) {
	const size = 1 << 20
	limited(t, budget.Answers, 3*size-1)
	_, socket := start(t, nil, Services{Call: func(_ context.Context, body, dst []byte) ([]byte, func(), int) {
		if string(body) == "large" {
			return append(dst, make([]byte, size)...), nil, 200
		}
		return append(dst, "small"...), nil, 200
	}})
	for _, field := range []string{"", notSimple} {
		large := post("/RPC2", field+"Content-Length: 5\r\n", "large")
		var unread []net.Conn
		for range 2 {
			conn := dial(t, socket)
			io.WriteString(conn, large)
			if _, err := conn.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			unread = append(unread, conn)
		}
		resp, _ := ask(t, socket, large)
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || resp.Close {
			t.Errorf("%q: %d %v", field, resp.StatusCode, resp.Header)
		}
		if resp, text := ask(t, socket, post("/RPC2", field+"Content-Length: 2\r\n", "hi")); text != "small" {
			t.Errorf("%q: %d %q", field, resp.StatusCode, text)
		}
		for _, conn := range unread {
			if n, err := io.CopyN(io.Discard, conn, size); n != size || err != nil {
				t.Errorf("%q: %d bytes, %v", field, n, err)
			}
			conn.Close()
		}
		for deadline := time.Now().Add(timeout); budget.Answers.Held() > 0 && time.Now().Before(deadline); {
		}
	}
}

// TestFollowers follows and downloads more logs than clients may. One more gets 503, and works when another has ended.
//
// covers: SEC-8
func TestFollowers(t *testing.T) {
	limited(t, budget.Followers, 3)
	log := filepath.Join(t.TempDir(), "log")
	write(t, log, strings.Repeat("x", 8<<20), 0)
	_, socket := start(t, nil, Services{
		MainLog:    func() (logs.Source, bool) { return logs.Source{Path: log}, true },
		ProcessLog: func(context.Context, string, api.Channel) (logs.Source, bool) { return logs.Source{Path: log}, true },
	})
	paths := []string{"/mainlogtail", "/logtail/x", "/mainlogfile"}
	var conns []net.Conn
	for _, path := range paths {
		conn := dial(t, socket)
		io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	for _, path := range paths {
		resp, _ := ask(t, socket, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || resp.Header.Get("X-Accel-Buffering") != "" {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
	}
	for _, conn := range conns {
		conn.Close()
	}
	for deadline := time.Now().Add(timeout); budget.Followers.Held() > 0; {
		if time.Now().After(deadline) {
			t.Fatal("followers are left")
		}
	}
	if resp, _ := follower(t, socket, "/logtail/x"); resp.StatusCode != 200 {
		t.Errorf("%d", resp.StatusCode)
	}
}

// TestLargeHeaders sends the largest headers, which together exceed the budget, and no end. One more gets 503, and usual
// requests are answered.
//
// covers: SEC-1
func TestLargeHeaders(t *testing.T) {
	limited(t, budget.Headers, 1<<20)
	s, socket := start(t, nil, Services{Call: echo})
	header := "GET /ok.html HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 60_000)
	for range 20 {
		conn := dial(t, socket)
		if _, err := io.WriteString(conn, header); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(timeout); budget.Headers.Held() < 20*int64(len(header)-8<<10); {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are held", budget.Headers.Held())
		}
	}
	if resp, _ := ask(t, socket, header+"\r\n\r\n"); resp.StatusCode != 503 || !resp.Close {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	askOK(t, dial(t, socket))
	s.Close()
	for deadline := time.Now().Add(timeout); budget.Headers.Held() > 0 && time.Now().Before(deadline); {
	}
}

// TestSeveralAuthorizations sends Authorization more than once. Such a request is refused, with any fields, because
// readers could disagree which one counts; without a password they mean nothing.
//
// covers: SEC-24f
// differs: DIFF-180 the original takes the first that is not empty
func TestSeveralAuthorizations(t *testing.T) {
	const empty, right, wrong = "Authorization:\r\n", "Authorization: Basic dTpw\r\n", "Authorization: Basic dTpx\r\n"
	for _, c := range []struct {
		fields string
		want   int
	}{{right, 200}, {empty, 401}, {empty + right, 401}, {right + empty, 401}, {right + right, 401}, {right + wrong, 401}, {wrong + right, 401}} {
		for _, username := range []string{"u", ""} {
			_, socket := start(t, func(c *config.Server) { c.Username, c.Password = username, "p" }, Services{Call: echo})
			for _, field := range []string{"", notSimple} {
				want := c.want
				if username == "" {
					want = 200
				}
				if resp, _ := ask(t, socket, post("/RPC2", field+c.fields+"Content-Length: 2\r\n", "hi")); resp.StatusCode != want {
					t.Errorf("user %q, %q: %d, want %d", username, field+c.fields, resp.StatusCode, want)
				}
			}
		}
	}
}

// TestPanic has a method panic, and the function for access lines. The first is answered with status 500 by both readers,
// the second ends the connection; both are reported, and the servers go on.
//
// covers: SEC-24g
func TestPanic(t *testing.T) {
	failures := make(chan any, 1)
	access := false
	services := Services{
		Call: func(ctx context.Context, body, dst []byte) ([]byte, func(), int) {
			access = string(body) == "access"
			if string(body) == "panic" {
				panic(errors.New("a defect"))
			}
			return echo(ctx, body, dst)
		},
		Pages:    func(http.ResponseWriter, *http.Request) int { panic("a page") },
		Panicked: func(failure any) { failures <- failure },
		Access: func(string) {
			if access {
				panic("access")
			}
		},
	}
	_, socket := start(t, nil, services)
	for _, field := range []string{"", notSimple} {
		conn := dial(t, socket)
		in := bufio.NewReader(conn)
		for range 2 {
			io.WriteString(conn, post("/RPC2", field+"Content-Length: 5\r\n", "panic"))
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("%q: %v", field, err)
			}
			if _, _ = io.Copy(io.Discard, resp.Body); resp.StatusCode != 500 {
				t.Errorf("%q: %d", field, resp.StatusCode)
			}
			if f := <-failures; f.(error).Error() != "a defect" {
				t.Errorf("%q: %v was reported", field, f)
			}
		}
		io.WriteString(conn, post("/RPC2", field+"Content-Length: 6\r\n", "access"))
		if _, err := io.Copy(io.Discard, in); err != nil {
			t.Errorf("%q: %v", field, err)
		}
		if f := <-failures; f != "access" {
			t.Errorf("%q: %v was reported", field, f)
		}
	}
	access = false
	conn := dial(t, socket)
	io.WriteString(conn, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
	if b, err := io.ReadAll(conn); len(b) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v", b, err)
	}
	if f := <-failures; f != "a page" {
		t.Errorf("%v was reported", f)
	}
	if _, text := ask(t, socket, post("/RPC2", "Content-Length: 2\r\n", "hi")); text != "[hi]" {
		t.Errorf("%q", text)
	}
}

// TestTooManyConnections has as many calls wait as there may be connections. More clients get 503, whether a few or many
// connect, and are served when a call has ended; those of the other kind are not concerned.
//
// covers: SEC-26
func TestTooManyConnections(t *testing.T) {
	before := budget.Connections.Limit
	budget.Connections.Limit = 3
	defer func() { budget.Connections.Limit = before }()
	release, begun := make(chan struct{}), make(chan struct{}, 10)
	call := func(ctx context.Context, body, dst []byte) ([]byte, func(), int) {
		if string(body) == "wait" {
			begun <- struct{}{}
			<-release
		}
		return echo(ctx, body, dst)
	}
	_, socket := start(t, nil, Services{Call: call})
	wait := post("/RPC2", "Content-Length: 4\r\n", "wait")
	var waiting []net.Conn
	for range 3 {
		conn := dial(t, socket)
		io.WriteString(conn, wait)
		<-begun
		waiting = append(waiting, conn)
	}
	for range 3 {
		if resp, _ := ask(t, socket, wait); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !resp.Close {
			t.Errorf("%d %v", resp.StatusCode, resp.Header)
		}
	}
	var silent []net.Conn
	for range 20 {
		silent = append(silent, dial(t, socket))
	}
	for _, conn := range silent {
		if n, err := conn.Read(make([]byte, 1)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a silent connection beyond the limit is open: %d, %v", n, err)
		}
	}
	close(release)
	for _, conn := range waiting {
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); string(b) != "[wait]" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
	}
	if _, text := ask(t, socket, post("/RPC2", "Content-Length: 2\r\n", "hi")); text != "[hi]" {
		t.Errorf("%q", text)
	}
}

// TestLongForm sends a form that is longer than a page has, and one that is not.
func TestLongForm(t *testing.T) {
	_, socket := start(t, nil, Services{Pages: func(w http.ResponseWriter, r *http.Request) int {
		_ = r.ParseForm()
		_, _ = io.WriteString(w, strconv.Itoa(len(r.PostForm.Get("a"))))
		return 0
	}})
	const form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
	for _, c := range []struct{ length, status int }{{10, 200}, {maxForm, 200}, {maxForm + 1, 413}} {
		body := "a=" + strings.Repeat("x", c.length-2)
		resp, text := ask(t, socket, post("/index.html", form+strconv.Itoa(c.length)+"\r\n", body))
		if resp.StatusCode != c.status || c.status == 200 && text != strconv.Itoa(c.length-2) {
			t.Errorf("%d bytes: %d %.60q", c.length, resp.StatusCode, text)
		}
	}
}
