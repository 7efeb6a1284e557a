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

// stage is a plug-in whose program the test plays.
type stage struct {
	*Plugin
	t   *testing.T
	bus events.Bus
	log safeBuffer
	// answer is what the program does; the default lists x.echo and answers it with its first parameter.
	answer atomic.Pointer[func(w http.ResponseWriter, call xmlrpc.Call)]
	asked  atomic.Int32 // for the list
}

// safeBuffer is a log that a test reads while others write.
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

func newStage(t *testing.T, change ...func(*config.Plugin)) *stage {
	t.Helper()
	s := &stage{t: t}
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

// does says what the program does from now on.
func (s *stage) does(f func(w http.ResponseWriter, call xmlrpc.Call)) { s.answer.Store(&f) }

// starts has the program accept calls, until the function that it returns is called.
func (s *stage) starts() (stop func()) {
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

// noUnlink keeps the socket's file when the program ends.
type noUnlink struct{ net.Listener }

func (l noUnlink) Close() error {
	if u, ok := l.Listener.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return l.Listener.Close()
}

func (s *stage) serve(l net.Listener) (stop func()) {
	server := &http.Server{Handler: http.HandlerFunc(s.handle)}
	go func() { _ = server.Serve(l) }()
	return func() { server.Close() }
}

func (s *stage) handle(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	call, err := xmlrpc.ParseCall(body)
	if err != nil {
		s.t.Errorf("%v: %s", err, body)
	}
	if call.Method == "system.listMethods" {
		s.asked.Add(1)
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

// says calls x.echo and gives the answer, or the error.
func (s *stage) says(word string) string {
	v, err := s.Call(context.Background(), "x.echo", []xmlrpc.Value{text(word)})
	if err != nil {
		return err.Error()
	}
	return v.Text
}

func (s *stage) expect(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s\n got %s\nwant %s", what, got, want)
	}
}

// TestLife calls a plug-in before it runs, while it starts, when it runs, and when it has ended.
func TestLife(t *testing.T) {
	s := newStage(t)
	s.expect("never started", s.says("a"), "plug-in x is STOPPED")
	s.Up()
	answer := make(chan string)
	go func() { answer <- s.says("early") }() // waits for somebody who accepts
	stop := s.starts()
	s.expect("starting", <-answer, "early")
	s.expect("running", s.says("b"), "b")
	stop()
	s.Down("BACKOFF")
	s.expect("ended", s.says("c"), "plug-in x is BACKOFF")
	s.Up()
	defer s.starts()()
	s.expect("again", s.says("d"), "d")
	if n := s.asked.Load(); n != 2 {
		t.Errorf("it was asked for its methods %d times, want once for each life", n)
	}
}

// TestEndsWithTheProgram ends a call that nobody will answer any more.
func TestEndsWithTheProgram(t *testing.T) {
	s := newStage(t)
	s.Up()
	answer := make(chan string)
	go func() { answer <- s.says("a") }()
	s.Down("EXITED")
	s.expect("nobody accepted", <-answer, "plug-in x is EXITED")
}

// TestUnlisted refuses what the plug-in does not list, though it would answer.
func TestUnlisted(t *testing.T) {
	s := newStage(t)
	s.Up()
	defer s.starts()()
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

// TestBadAnswers shows the words for whatever a plug-in may do wrong.
func TestBadAnswers(t *testing.T) {
	s := newStage(t)
	s.Up()
	defer s.starts()()
	s.expect("well", s.says("a"), "a")
	for what, c := range map[string]struct {
		do   func(w http.ResponseWriter)
		want string
	}{
		"fault":    {func(w http.ResponseWriter) { w.Write(xmlrpc.AppendFault(nil, -9, "its <own>")) }, "fault -9: its <own>"},
		"no XML":   {func(w http.ResponseWriter) { w.Write([]byte("hello")) }, "plug-in x gave an answer that is no XML-RPC"},
		"empty":    {func(w http.ResponseWriter) {}, "plug-in x gave an answer that is no XML-RPC"},
		"nil":      {func(w http.ResponseWriter) { reply(w, xmlrpc.Value{}) }, "plug-in x gave nil, which XML-RPC does not know"},
		"status":   {func(w http.ResponseWriter) { w.WriteHeader(503) }, "plug-in x answered 503 Service Unavailable"},
		"redirect": {func(w http.ResponseWriter) { w.Header().Set("Location", "/"); w.WriteHeader(302) }, "plug-in x answered 302 Found"},
		"huge": {func(w http.ResponseWriter) { reply(w, text(strings.Repeat("x", 1<<16))) },
			"plug-in x gave an answer of more than 65536 bytes"},
		"hangs up":      {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "plug-in x closed the connection without an answer"},
		"hangs up late": {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "9"); w.Write([]byte("<")) }, "plug-in x closed the connection without an answer"},
		"no HTTP": {func(w http.ResponseWriter) {
			c, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(c, "SSH-2.0\r\n")
			c.Close()
		}, `plug-in x did not answer: net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0"`},
		"deep": {func(w http.ResponseWriter) { w.Write([]byte(strings.Repeat("<value>", 5000))) },
			"plug-in x gave an answer that is no XML-RPC"},
	} {
		s.does(func(w http.ResponseWriter, _ xmlrpc.Call) { c.do(w) })
		if got := s.says("b"); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s\n got %s\nwant %s", what, got, c.want)
		}
	}
	s.does(echo)
	s.expect("well again", s.says("c"), "c")
}

// TestSlow bounds the time of a call, whether the plug-in is silent or slow to write, and what listing and help may take.
func TestSlow(t *testing.T) {
	s := newStage(t)
	s.Up()
	defer s.starts()()
	s.expect("well", s.says("a"), "a")
	s.wait = 50 * time.Millisecond
	const late = "plug-in x did not answer within 20 seconds"
	over := make(chan struct{})
	s.does(func(w http.ResponseWriter, _ xmlrpc.Call) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-over
	})
	s.expect("slow body", s.says("b"), late)
	s.does(func(http.ResponseWriter, xmlrpc.Call) { <-over })
	s.expect("silent", s.says("c"), late)
	_, err := s.Help(context.Background(), "x.echo")
	s.expect("help", fmt.Sprint(err), late)
	s.ProcessChanged()
	s.expect("list", s.says("d"), late)
	close(over)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Call(ctx, "x.echo", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("the client has gone: %v", err)
	}
}

// TestLimit gives the plug-in no more calls at once than it may get; others wait, and too many are refused.
func TestLimit(t *testing.T) {
	s := newStage(t, func(c *config.Plugin) { c.CallLimit = 2 })
	s.Up()
	defer s.starts()()
	s.expect("well", s.says("a"), "a")
	var now, most atomic.Int32
	reached, over := make(chan struct{}, 100), make(chan struct{})
	s.does(func(w http.ResponseWriter, call xmlrpc.Call) {
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
		go func() { answers <- s.says("b") }()
	}
	<-reached
	<-reached
	for s.waiting.Load() < 2*waitingPerSlot {
		runtime.Gosched()
	}
	s.expect("one too many", s.says("c"), "plug-in x has too many calls waiting")
	close(over)
	for range calls {
		s.expect("waited", <-answers, "b")
	}
	if n := most.Load(); n != 2 {
		t.Errorf("%d calls at once, want 2", n)
	}
}

// TestListOnce asks once however many want to know, and not again while the answer is a failure of just now.
func TestListOnce(t *testing.T) {
	s := newStage(t)
	s.Up()
	defer s.starts()()
	over := make(chan struct{})
	s.does(func(w http.ResponseWriter, call xmlrpc.Call) {
		<-over
		_, _ = w.Write(xmlrpc.AppendFault(nil, 1, "no such method"))
	})
	answers := make(chan string)
	for range 10 {
		go func() { answers <- s.says("a") }()
	}
	close(over)
	for range 10 {
		s.expect("no list", <-answers, "plug-in x does not list its methods: fault 1: no such method")
	}
	if n := s.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	s.does(func(w http.ResponseWriter, call xmlrpc.Call) { reply(w, text("x.echo")) })
	s.ProcessChanged()
	s.expect("no array", s.says("a"), "plug-in x does not list its methods: the answer is no array")
	s.does(func(w http.ResponseWriter, call xmlrpc.Call) {
		var all []string
		for i := range maxMethods + 1 {
			all = append(all, fmt.Sprintf("x.%d", i))
		}
		reply(w, names(all...))
	})
	s.ProcessChanged()
	s.expect("long list", s.says("a"), "plug-in x lists more than 1000 methods")
}

// TestAbout asks for help and signatures, once each.
func TestAbout(t *testing.T) {
	s := newStage(t)
	s.Up()
	defer s.starts()()
	var calls atomic.Int32
	answer := xmlrpc.Value{}
	s.does(func(w http.ResponseWriter, call xmlrpc.Call) {
		if call.Method == "system.listMethods" {
			echo(w, call)
			return
		}
		calls.Add(1)
		reply(w, answer)
	})
	ctx := context.Background()
	answer = text("Says what it heard.")
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

// TestURL calls a server elsewhere, whose methods may change while nobody says so.
func TestURL(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(c *config.Plugin) { c.URL = "http://user:secret@" + l.Addr().String() })
	paths := make(chan string, 100)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		paths <- r.URL.Path + " " + user + " " + password
		s.handle(w, r)
	})}
	go func() { _ = server.Serve(l) }()
	s.expect("TCP", s.says("a"), "a")
	s.expect("path", <-paths, "/RPC2 user secret")
	server.Close()
	if got := s.says("b"); !strings.Contains(got, "connection refused") {
		t.Errorf("gone: %s", got)
	}
	path := filepath.Join(t.TempDir(), "s")
	unixListener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	u := newStage(t, func(c *config.Plugin) { c.URL = "unix://" + path })
	defer u.serve(unixListener)()
	u.expect("Unix", u.says("a"), "a")
	u.does(func(w http.ResponseWriter, call xmlrpc.Call) {
		if call.Method == "system.listMethods" {
			reply(w, names("x.new"))
			return
		}
		reply(w, text("new"))
	})
	u.mu.Lock()
	u.list.at = time.Now().Add(-2 * recheck)
	u.mu.Unlock()
	if v, err := u.Call(context.Background(), "x.new", nil); v.Text != "new" || err != nil {
		t.Errorf("%v, %v", v, err)
	}
}

// TestClose ends what is going on, and removes the socket.
func TestClose(t *testing.T) {
	s := newStage(t)
	dir := filepath.Dir(s.Socket.path)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	s.Up()
	answer := make(chan string)
	go func() { answer <- s.says("a") }()
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

// Whatever a plug-in answers is an error or a value that can be passed on.
func FuzzUnderstand(f *testing.F) {
	e := xmlrpc.NewEncoder(nil)
	e.Value(names("a", "b"))
	f.Add(e.Finish())
	f.Add(xmlrpc.AppendFault(nil, 3, "x"))
	f.Add([]byte("<methodResponse><params><param><value><nil/></value></param></params></methodResponse>"))
	f.Add([]byte("HTTP/1.0 200 OK\r\n\r\n"))
	p := &Plugin{Options: Options{Name: "x"}}
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
