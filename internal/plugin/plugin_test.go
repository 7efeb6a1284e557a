package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// pluginTest is a plug-in whose program is a server in the test.
type pluginTest struct {
	*Plugin
	t   *testing.T
	bus events.Bus
	log safeBuffer
	// answer responds to a call; the default is echo.
	answer atomic.Pointer[func(w http.ResponseWriter, call xmlrpc.Call)]
	listed atomic.Int32 // calls of system.listMethods
}

// safeBuffer is a log that a test reads while other goroutines write to it.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newPluginTest(t *testing.T, change ...func(*config.Plugin)) *pluginTest {
	t.Helper()
	s := &pluginTest{t: t}
	s.bus.Serial = new(events.Serial)
	cfg := &config.Plugin{CallWait: 20, CallLimit: 8, ResultMax: 1 << 16, EventTypes: []string{"DISK"}}
	for _, f := range change {
		f(cfg)
	}
	dir, err := os.MkdirTemp("", "p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s.Plugin, err = New(Options{Name: "x", Config: cfg, Identifier: "id", Dirs: []string{dir}, Events: &s.bus,
		Log: logs.NewMain(&s.log, api.Debug)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// respond sets how the program responds from now on.
func (s *pluginTest) respond(f func(w http.ResponseWriter, call xmlrpc.Call)) { s.answer.Store(&f) }

// listen lets the program accept calls until stop is called.
func (s *pluginTest) listen() (stop func()) {
	fd, err := unix.FcntlInt(uintptr(s.Socket.fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		s.t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "socket")
	l, err := net.FileListener(f)
	f.Close()
	if err != nil {
		s.t.Fatal(err)
	}
	return s.serve(noUnlink{l})
}

// noUnlink keeps the socket's file when the server is closed.
type noUnlink struct{ net.Listener }

func (l noUnlink) Close() error {
	if u, ok := l.Listener.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return l.Listener.Close()
}

func (s *pluginTest) serve(l net.Listener) (stop func()) {
	server := &http.Server{Handler: http.HandlerFunc(s.handle)}
	go func() { _ = server.Serve(l) }()
	return func() { server.Close() }
}

func (s *pluginTest) handle(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	call, err := xmlrpc.ParseCall(body)
	if err != nil {
		s.t.Errorf("%v: %s", err, body)
	}
	if call.Method == "system.listMethods" {
		s.listed.Add(1)
	}
	if f := s.answer.Load(); f != nil {
		(*f)(w, call)
		return
	}
	echo(w, call)
}

func echo(w http.ResponseWriter, call xmlrpc.Call) {
	switch call.Method {
	case "system.listMethods":
		reply(w, names("x.echo", "system.listMethods", "y.echo", "x.", "x._hidden", "x.a.b", "x.echo"))
	case "x.echo":
		reply(w, call.Params[0])
	default:
		_, _ = w.Write(xmlrpc.AppendFault(nil, 7, "what is "+call.Method))
	}
}

func reply(w io.Writer, v xmlrpc.Value) {
	e := xmlrpc.NewEncoder(nil)
	e.Value(v)
	_, _ = w.Write(e.Finish())
}

func text(t string) xmlrpc.Value { return xmlrpc.Value{Kind: xmlrpc.String, Text: t} }

func names(all ...string) xmlrpc.Value {
	v := xmlrpc.Value{Kind: xmlrpc.Array}
	for _, name := range all {
		v.Items = append(v.Items, text(name))
	}
	return v
}

// callEcho calls x.echo and returns the answer or the text of the error.
func (s *pluginTest) callEcho(word string) string {
	v, err := s.Call(context.Background(), "x.echo", []xmlrpc.Value{text(word)})
	if err != nil {
		return err.Error()
	}
	return v.Text
}

func (s *pluginTest) expect(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s\n got %s\nwant %s", what, got, want)
	}
}

// TestStates calls a plug-in before it is up, while it starts, when it runs, and when it is down.
func TestStates(t *testing.T) {
	s := newPluginTest(t)
	s.expect("never started", s.callEcho("a"), "plug-in x is STOPPED")
	s.Up()
	answer := make(chan string)
	go func() { answer <- s.callEcho("early") }() // waits in the backlog of the socket
	stop := s.listen()
	s.expect("starting", <-answer, "early")
	s.expect("running", s.callEcho("b"), "b")
	stop()
	s.Down("BACKOFF")
	s.expect("ended", s.callEcho("c"), "plug-in x is BACKOFF")
	s.Up()
	defer s.listen()()
	s.expect("again", s.callEcho("d"), "d")
	if n := s.listed.Load(); n != 2 {
		t.Errorf("the methods were listed %d times, want once for each run", n)
	}
}

// TestDownEndsCalls ends a call that waits for a process to accept it.
func TestDownEndsCalls(t *testing.T) {
	s := newPluginTest(t)
	s.Up()
	answer := make(chan string)
	go func() { answer <- s.callEcho("a") }()
	s.Down("EXITED")
	s.expect("not accepted", <-answer, "plug-in x is EXITED")
}

// TestUnlisted refuses methods that the plug-in does not list, even if it would answer.
func TestUnlisted(t *testing.T) {
	s := newPluginTest(t)
	s.Up()
	defer s.listen()()
	for _, method := range []string{"x.nope", "x._hidden", "x.a.b", "x.", "x", "y.echo", "system.listMethods", EventMethod} {
		if _, err := s.Call(context.Background(), method, nil); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", method, err)
		}
	}
	if d := cmp.Diff([]string{"x.echo"}, s.Methods(context.Background())); d != "" {
		t.Error(d)
	}
	s.Down("FATAL")
	if d := cmp.Diff([]string{"x.echo"}, s.Methods(context.Background())); d != "" {
		t.Errorf("a plug-in that is down: %s", d)
	}
}

// TestBadAnswers shows the error for each kind of bad answer.
func TestBadAnswers(t *testing.T) {
	s := newPluginTest(t)
	s.Up()
	defer s.listen()()
	s.expect("before it", s.callEcho("a"), "a")
	for what, c := range map[string]struct {
		do   func(w http.ResponseWriter)
		want string
	}{
		"fault":    {func(w http.ResponseWriter) { w.Write(xmlrpc.AppendFault(nil, -9, "its <own>")) }, "fault -9: its <own>"},
		"no XML":   {func(w http.ResponseWriter) { w.Write([]byte("hello")) }, "plug-in x did not answer with XML-RPC"},
		"empty":    {func(w http.ResponseWriter) {}, "plug-in x did not answer with XML-RPC"},
		"nil":      {func(w http.ResponseWriter) { reply(w, xmlrpc.Value{}) }, "plug-in x answered nil, which XML-RPC does not support"},
		"status":   {func(w http.ResponseWriter) { w.WriteHeader(503) }, "plug-in x answered 503 Service Unavailable"},
		"redirect": {func(w http.ResponseWriter) { w.Header().Set("Location", "/"); w.WriteHeader(302) }, "plug-in x answered 302 Found"},
		"huge": {func(w http.ResponseWriter) { reply(w, text(strings.Repeat("x", 1<<16))) },
			"plug-in x answered with more than 65536 bytes"},
		"hangs up":      {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "plug-in x closed the connection without an answer"},
		"hangs up late": {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "9"); w.Write([]byte("<")) }, "plug-in x closed the connection without an answer"},
		"no HTTP": {func(w http.ResponseWriter) {
			c, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(c, "SSH-2.0\r\n")
			c.Close()
		}, `plug-in x did not answer: net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0"`},
		"deep": {func(w http.ResponseWriter) { w.Write([]byte(strings.Repeat("<value>", 5000))) },
			"plug-in x did not answer with XML-RPC"},
	} {
		s.respond(func(w http.ResponseWriter, _ xmlrpc.Call) { c.do(w) })
		if got := s.callEcho("b"); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s\n got %s\nwant %s", what, got, c.want)
		}
	}
	s.respond(echo)
	s.expect("after it", s.callEcho("c"), "c")
}

// TestSlow bounds the time of calls, lists and help, whether the answer does not come or is not completed.
func TestSlow(t *testing.T) {
	s := newPluginTest(t)
	s.Up()
	defer s.listen()()
	s.expect("before it", s.callEcho("a"), "a")
	s.timeout = 50 * time.Millisecond
	const late = "plug-in x did not answer within 20 seconds"
	over := make(chan struct{})
	s.respond(func(w http.ResponseWriter, _ xmlrpc.Call) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-over
	})
	s.expect("slow body", s.callEcho("b"), late)
	s.respond(func(http.ResponseWriter, xmlrpc.Call) { <-over })
	s.expect("silent", s.callEcho("c"), late)
	_, err := s.Help(context.Background(), "x.echo")
	s.expect("help", fmt.Sprint(err), late)
	s.ProcessChanged()
	s.expect("list", s.callEcho("d"), late)
	close(over)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Call(ctx, "x.echo", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled by the client: %v", err)
	}
}

// TestLimit shows that call_limit bounds the calls in progress, that more of them wait, and that too many are refused.
func TestLimit(t *testing.T) {
	s := newPluginTest(t, func(c *config.Plugin) { c.CallLimit = 2 })
	s.Up()
	defer s.listen()()
	s.expect("before it", s.callEcho("a"), "a")
	var now, most atomic.Int32
	reached, over := make(chan struct{}, 100), make(chan struct{})
	s.respond(func(w http.ResponseWriter, call xmlrpc.Call) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		reached <- struct{}{}
		<-over
		now.Add(-1)
		echo(w, call)
	})
	const calls = 2 + 2*waitingPerSlot
	answers := make(chan string, calls)
	for range calls {
		go func() { answers <- s.callEcho("b") }()
	}
	<-reached
	<-reached
	for s.waiting.Load() < 2*waitingPerSlot {
		runtime.Gosched()
	}
	s.expect("one too many", s.callEcho("c"), "plug-in x has too many calls waiting")
	close(over)
	for range calls {
		s.expect("waited", <-answers, "b")
	}
	if n := most.Load(); n != 2 {
		t.Errorf("%d calls at once, want 2", n)
	}
}

// TestListOnce shows that concurrent callers share one system.listMethods, and that a failure is kept for a while.
func TestListOnce(t *testing.T) {
	s := newPluginTest(t)
	s.Up()
	defer s.listen()()
	over := make(chan struct{})
	s.respond(func(w http.ResponseWriter, call xmlrpc.Call) {
		<-over
		_, _ = w.Write(xmlrpc.AppendFault(nil, 1, "no such method"))
	})
	answers := make(chan string)
	for range 10 {
		go func() { answers <- s.callEcho("a") }()
	}
	close(over)
	for range 10 {
		s.expect("no list", <-answers, "plug-in x does not list its methods: fault 1: no such method")
	}
	if n := s.listed.Load(); n != 1 {
		t.Errorf("listed %d times", n)
	}
	s.respond(func(w http.ResponseWriter, call xmlrpc.Call) { reply(w, text("x.echo")) })
	s.ProcessChanged()
	s.expect("no array", s.callEcho("a"), "plug-in x does not list its methods: the answer is not an array")
	s.respond(func(w http.ResponseWriter, call xmlrpc.Call) {
		var all []string
		for i := range maxMethods + 1 {
			all = append(all, fmt.Sprintf("x.%d", i))
		}
		reply(w, names(all...))
	})
	s.ProcessChanged()
	s.expect("long list", s.callEcho("a"), "plug-in x lists more than 1000 methods")
}

// TestIntrospection asks for help and signatures, once each.
func TestIntrospection(t *testing.T) {
	s := newPluginTest(t)
	s.Up()
	defer s.listen()()
	var calls atomic.Int32
	answer := xmlrpc.Value{}
	s.respond(func(w http.ResponseWriter, call xmlrpc.Call) {
		if call.Method == "system.listMethods" {
			echo(w, call)
			return
		}
		calls.Add(1)
		reply(w, answer)
	})
	ctx := context.Background()
	answer = text("Returns its parameter.")
	for range 2 {
		if help, err := s.Help(ctx, "x.echo"); help != answer.Text || err != nil {
			t.Errorf("%q, %v", help, err)
		}
	}
	if _, err := s.Signature(ctx, "x.echo"); !errors.Is(err, ErrNoSignature) {
		t.Errorf("a text as signature: %v", err)
	}
	answer = names("string", "string")
	for range 2 {
		if types, err := s.Signature(ctx, "x.echo"); !cmp.Equal(types, []string{"string", "string"}) || err != nil {
			t.Errorf("%q, %v", types, err)
		}
	}
	if n := calls.Load(); n != 3 {
		t.Errorf("%d calls", n)
	}
	s.ProcessChanged()
	answer = xmlrpc.Value{Kind: xmlrpc.Array, Items: []xmlrpc.Value{names("int"), names("string")}}
	if types, err := s.Signature(ctx, "x.echo"); !cmp.Equal(types, []string{"int"}) || err != nil {
		t.Errorf("%q, %v", types, err)
	}
	if _, err := s.Help(ctx, "x.echo"); err == nil {
		t.Error("an array as help")
	}
	if _, err := s.Help(ctx, "x.nope"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

// TestLongIntrospection shows that long answers about methods are not kept.
// covers: SEC-18
func TestLongIntrospection(t *testing.T) {
	s := newPluginTest(t)
	s.Up()
	defer s.listen()()
	long := text(strings.Repeat("x", 20_000))
	for _, answer := range []xmlrpc.Value{long, {Kind: xmlrpc.Array, Items: []xmlrpc.Value{long}}} {
		s.respond(func(w http.ResponseWriter, call xmlrpc.Call) {
			if call.Method == "system.listMethods" {
				echo(w, call)
				return
			}
			reply(w, answer)
		})
		ctx := context.Background()
		help, _ := s.Help(ctx, "x.echo")
		types, _ := s.Signature(ctx, "x.echo")
		if len(help)+len(types) == 0 || len(s.list.help)+len(s.list.signatures) > 0 {
			t.Errorf("%d bytes, %d types; %d and %d are kept", len(help), len(types), len(s.list.help), len(s.list.signatures))
		}
	}
}

// TestManyValues shows that the values of an answer are bounded as well as its bytes, and so is the memory that they take.
// covers: SEC-18
func TestManyValues(t *testing.T) {
	s := newPluginTest(t, func(c *config.Plugin) { c.ResultMax = 4 << 20 })
	s.Up()
	defer s.listen()()
	s.expect("before it", s.callEcho("a"), "a")
	for _, value := range []string{"<a/>", "<value><struct/></value>"} {
		s.respond(func(w http.ResponseWriter, _ xmlrpc.Call) {
			io.WriteString(w, "<methodResponse><params><param><value><array><data>")
			io.WriteString(w, strings.Repeat(value, 4_000_000/len(value)))
			io.WriteString(w, "</data></array></value></param></params></methodResponse>")
		})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.expect(value, s.callEcho("b"), "plug-in x did not answer with XML-RPC: xmlrpc: too many values")
		runtime.ReadMemStats(&after)
		if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 100 { // the body and its copies take most of it
			t.Errorf("%s: %d MB were allocated", value, grown)
		}
	}
}

// TestURL calls a server by its URL. Its methods may change at any time.
func TestURL(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newPluginTest(t, func(c *config.Plugin) { c.URL = "http://user:secret@" + l.Addr().String() })
	paths := make(chan string, 100)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		paths <- r.URL.Path + " " + user + " " + password
		s.handle(w, r)
	})}
	go func() { _ = server.Serve(l) }()
	s.expect("TCP", s.callEcho("a"), "a")
	s.expect("path", <-paths, "/RPC2 user secret")
	server.Close()
	if got := s.callEcho("b"); !strings.Contains(got, "connection refused") {
		t.Errorf("closed: %s", got)
	}
	path := filepath.Join(t.TempDir(), "s")
	unixListener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	u := newPluginTest(t, func(c *config.Plugin) { c.URL = "unix://" + path })
	defer u.serve(unixListener)()
	u.expect("Unix", u.callEcho("a"), "a")
	u.respond(func(w http.ResponseWriter, call xmlrpc.Call) {
		if call.Method == "system.listMethods" {
			reply(w, names("x.new"))
			return
		}
		reply(w, text("new"))
	})
	u.mu.Lock()
	u.list.fetched = time.Now().Add(-2 * recheckAfter)
	u.mu.Unlock()
	if v, err := u.Call(context.Background(), "x.new", nil); v.Text != "new" || err != nil {
		t.Errorf("%v, %v", v, err)
	}
}

// TestClose ends calls in progress and removes the socket.
func TestClose(t *testing.T) {
	s := newPluginTest(t)
	dir := filepath.Dir(s.Socket.path)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	s.Up()
	answer := make(chan string)
	go func() { answer <- s.callEcho("a") }()
	s.Plugin.end("STOPPED", ErrClosed)
	got := <-answer
	if got != ErrClosed.Error() && got != "plug-in x is STOPPED" { // it may not have begun yet
		t.Errorf("%s", got)
	}
	s.Plugin.Close()
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// FuzzParseAnswer shows that any answer is an error or a value that can be encoded.
func FuzzParseAnswer(f *testing.F) {
	e := xmlrpc.NewEncoder(nil)
	e.Value(names("a", "b"))
	f.Add(e.Finish())
	f.Add(xmlrpc.AppendFault(nil, 3, "x"))
	f.Add([]byte("<methodResponse><params><param><value><nil/></value></param></params></methodResponse>"))
	f.Add([]byte("HTTP/1.0 200 OK\r\n\r\n"))
	p := &Plugin{Options: Options{Name: "x", Config: &config.Plugin{}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := p.parseAnswer(body)
		if err != nil {
			return
		}
		e := xmlrpc.NewEncoder(nil)
		e.Value(v)
		if _, _, err := xmlrpc.ParseResponse(e.Finish()); err != nil {
			t.Error(err)
		}
	})
}
