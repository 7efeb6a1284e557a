package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// server answers each call with the result of answer, and keeps the last request.
type server struct {
	*httptest.Server
	call   xmlrpc.Call
	header http.Header
	conns  map[string]bool
	answer func(xmlrpc.Call) []byte
}

func start(t *testing.T, answer func(xmlrpc.Call) []byte) *server {
	s := &server{answer: answer, conns: map[string]bool{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.header = r.Header
	s.conns[r.RemoteAddr] = true
	if r.Method == http.MethodGet {
		fmt.Fprintf(w, "%s\n", r.URL.Path)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		s.call, err = xmlrpc.ParseCall(body)
	}
	if err != nil || r.URL.Path != "/RPC2" || r.ContentLength < 0 || r.Header.Get("Content-Type") != "text/xml" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	w.Write(s.answer(s.call))
}

func (s *server) client(t *testing.T) *Client {
	c, err := New(s.URL, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func yes(xmlrpc.Call) []byte {
	e := xmlrpc.NewEncoder(nil)
	e.Bool(true)
	return e.Finish()
}

// array is a response with an array of what fill writes.
func array(fill func(e *xmlrpc.Encoder)) []byte {
	e := xmlrpc.NewEncoder(nil)
	e.BeginArray()
	fill(e)
	e.EndArray()
	return e.Finish()
}

func status(e *xmlrpc.Encoder) {
	e.BeginStruct()
	for _, name := range []string{"name", "group", "description"} {
		e.Member(name)
		e.String(name + "!")
	}
	e.Member("status")
	e.Int(80)
	e.EndStruct()
}

type list = []ProcessStatus

var oneStatus = []ProcessStatus{{Name: "name!", Group: "group!", Status: 80, Description: "description!"}}

// Each method sends the name and the parameters of the interface, in their types.
func TestCallsOnTheWire(t *testing.T) {
	ctx := context.Background()
	s := start(t, nil)
	c := s.client(t)
	ignore := func(_ any, err error) error { return err }
	for want, call := range map[string]func() error{
		"supervisor.clearLog []":               func() error { return c.ClearLog(ctx) },
		"supervisor.shutdown []":               func() error { return c.Shutdown(ctx) },
		"supervisor.restart []":                func() error { return c.Restart(ctx) },
		"supervisor.addProcessGroup [g]":       func() error { return c.AddProcessGroup(ctx, "g") },
		"supervisor.removeProcessGroup [g]":    func() error { return c.RemoveProcessGroup(ctx, "g") },
		"supervisor.sendRemoteCommEvent [a b]": func() error { return c.SendRemoteCommEvent(ctx, "a", "b") },
		"supervisor.sendProcessStdin [p x]":    func() error { return c.SendProcessStdin(ctx, "p", "x") },
		// What XML cannot hold is sent as base64.
		"supervisor.sendProcessStdin [p \x1b\xff]":         func() error { return c.SendProcessStdin(ctx, "p", "\x1b\xff") },
		"supervisor.sendProcessStdin [p ä\r\n\t]":          func() error { return c.SendProcessStdin(ctx, "p", "ä\r\n\t") },
		"supervisor.clearProcessLogs [p]":                  func() error { return c.ClearProcessLogs(ctx, "p") },
		"supervisor.startProcess [p true]":                 func() error { return ignore(c.StartProcess(ctx, "p", true)) },
		"supervisor.stopProcess [p false]":                 func() error { return ignore(c.StopProcess(ctx, "p", false)) },
		"supervisor.signalProcess [p HUP]":                 func() error { return ignore(c.SignalProcess(ctx, "p", "HUP")) },
		"supervisor.method [1 -2 1.5 [<&> true] a=1 true]": func() error { return everyType(ctx, c) },
	} {
		s.answer = yes
		if err := call(); err != nil || show(s.call) != want {
			t.Errorf("%s, not %s: %v", show(s.call), want, err)
		}
	}
	for want, call := range map[string]func() (list, error){
		"supervisor.startProcess [g:* true]":     func() (list, error) { return c.StartProcess(ctx, "g:*", true) },
		"supervisor.startProcessGroup [g true]":  func() (list, error) { return c.StartProcessGroup(ctx, "g", true) },
		"supervisor.startAllProcesses [false]":   func() (list, error) { return c.StartAllProcesses(ctx, false) },
		"supervisor.stopProcessGroup [g true]":   func() (list, error) { return c.StopProcessGroup(ctx, "g", true) },
		"supervisor.stopAllProcesses [true]":     func() (list, error) { return c.StopAllProcesses(ctx, true) },
		"supervisor.signalProcessGroup [g USR1]": func() (list, error) { return c.SignalProcessGroup(ctx, "g", "USR1") },
		"supervisor.signalAllProcesses [TERM]":   func() (list, error) { return c.SignalAllProcesses(ctx, "TERM") },
		"supervisor.clearAllProcessLogs []":      func() (list, error) { return c.ClearAllProcessLogs(ctx) },
	} {
		s.answer = func(xmlrpc.Call) []byte { return array(status) }
		got, err := call()
		if diff := cmp.Diff(oneStatus, got); diff != "" || err != nil || show(s.call) != want {
			t.Errorf("%s, not %s: %v\n%s", show(s.call), want, err, diff)
		}
	}
	if len(s.conns) != 1 {
		t.Errorf("%d connections for one client", len(s.conns))
	}
}

func everyType(ctx context.Context, c *Client) error {
	var result any
	return c.Call(ctx, &result, "supervisor.method", 1, -2, 1.5, []any{"<&>", true}, map[string]any{"a": 1}, true)
}

func show(call xmlrpc.Call) string {
	return call.Method + " " + showValue(xmlrpc.Value{Kind: xmlrpc.Array, Items: call.Params})
}

func showValue(v xmlrpc.Value) string {
	switch v.Kind {
	case xmlrpc.Int:
		return fmt.Sprint(v.Number)
	case xmlrpc.Bool:
		return fmt.Sprint(v.Number == 1)
	case xmlrpc.Double:
		return fmt.Sprint(v.Float)
	case xmlrpc.Struct:
		return v.Members[0].Name + "=" + showValue(v.Members[0].Value)
	case xmlrpc.Array:
		var items []string
		for _, item := range v.Items {
			items = append(items, showValue(item))
		}
		return "[" + strings.Join(items, " ") + "]"
	}
	return v.Text
}

// Results are decoded to their types.
func TestResults(t *testing.T) {
	ctx := context.Background()
	s := start(t, nil)
	c := s.client(t)
	s.answer = func(call xmlrpc.Call) []byte {
		e := xmlrpc.NewEncoder(nil)
		switch strings.TrimPrefix(call.Method, "supervisor.") {
		case "getPID":
			e.Int(42)
		case "getState":
			e.BeginStruct()
			e.Member("statecode")
			e.Int(1)
			e.Member("statename")
			e.String("RUNNING")
			e.EndStruct()
		case "getProcessInfo":
			info(e)
		case "getAllProcessInfo":
			e.BeginArray()
			info(e)
			e.EndArray()
		case "getAllConfigInfo":
			e.BeginArray()
			configuration(e)
			e.EndArray()
		case "reloadConfig":
			e.BeginArray()
			e.BeginArray()
			for _, name := range []string{"a", "", "c"} {
				e.BeginArray()
				if name != "" {
					e.String(name)
				}
				e.EndArray()
			}
			e.EndArray()
			e.EndArray()
		case "tailProcessStdoutLog", "tailProcessStderrLog":
			e.BeginArray()
			e.String("")
			e.Int(20)
			e.Bool(true)
			e.EndArray()
		case "system.multicall":
			e.BeginArray()
			e.String("3.0")
			e.Fault(10, "BAD_NAME: x")
			e.EndArray()
		case "system.methodSignature", "system.listMethods":
			e.BeginArray()
			e.String("int")
			e.EndArray()
		default:
			e.String(call.Method)
		}
		return e.Finish()
	}
	want := ProcessInfo{Name: "name!", Group: "group!", Start: 1, Stop: 2, Now: 3, State: 20, StateName: "statename!",
		SpawnErr: "spawnerr!", ExitStatus: 4, Logfile: "logfile!", StdoutLogfile: "stdout_logfile!",
		StderrLogfile: "stderr_logfile!", PID: 5, Description: "description!"}
	config := ConfigInfo{Name: "p", UID: "none", AutoRestart: "unexpected", InUse: true, ExitCodes: []int{0, 2},
		GroupPriority: 999, StdoutSyslog: true}
	same := func(what string, want any, got any, err error) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", what, err, diff)
		}
	}
	pid, err := c.PID(ctx)
	same("PID", 42, pid, err)
	state, err := c.State(ctx)
	same("State", State{1, "RUNNING"}, state, err)
	one, err := c.ProcessInfo(ctx, "p")
	same("ProcessInfo", want, one, err)
	all, err := c.AllProcessInfo(ctx)
	same("AllProcessInfo", []ProcessInfo{want}, all, err)
	configs, err := c.AllConfigInfo(ctx)
	same("AllConfigInfo", []ConfigInfo{config}, configs, err)
	changes, err := c.ReloadConfig(ctx)
	same("ReloadConfig", Changes{[]string{"a"}, nil, []string{"c"}}, changes, err)
	tail, err := c.TailProcessStdoutLog(ctx, "p", 0, 5)
	same("TailProcessStdoutLog", Tail{"", 20, true}, tail, err)
	tail, err = c.TailProcessStderrLog(ctx, "p", 0, 5)
	same("TailProcessStderrLog", Tail{"", 20, true}, tail, err)
	results, err := c.Multicall(ctx, []Call{{Method: "a"}, {"b", []any{1}}})
	same("Multicall", []Result{{Value: "3.0"}, {Fault: &Fault{Code: 10, Text: "BAD_NAME: x"}}}, results, err)
	same("Multicall on the wire", "system.multicall [[methodName=a methodName=b]]", showSorted(s.call), nil)
	types, err := c.MethodSignature(ctx, "m")
	same("MethodSignature", []string{"int"}, types, err)
	types, err = c.ListMethods(ctx)
	same("ListMethods", []string{"int"}, types, err)
	for method, call := range map[string]func() (string, error){
		"supervisor.getAPIVersion":        func() (string, error) { return c.APIVersion(ctx) },
		"supervisor.getSupervisorVersion": func() (string, error) { return c.SupervisorVersion(ctx) },
		"supervisor.getIdentification":    func() (string, error) { return c.Identification(ctx) },
		"supervisor.readLog":              func() (string, error) { return c.ReadLog(ctx, -5, 0) },
		"supervisor.readProcessStdoutLog": func() (string, error) { return c.ReadProcessStdoutLog(ctx, "p", 0, 1) },
		"supervisor.readProcessStderrLog": func() (string, error) { return c.ReadProcessStderrLog(ctx, "p", 0, 1) },
		"system.methodHelp":               func() (string, error) { return c.MethodHelp(ctx, "m") },
	} {
		text, err := call()
		same(method, method, text, err)
	}
}

// showSorted shows a multicall by the names of its methods, in any order of the members.
func showSorted(call xmlrpc.Call) string {
	for _, item := range call.Params[0].Items {
		name, _ := item.Get("methodName")
		item.Members[0] = xmlrpc.Member{Name: "methodName", Value: name}
	}
	return show(call)
}

func info(e *xmlrpc.Encoder) {
	e.BeginStruct()
	for _, name := range []string{"name", "group", "statename", "spawnerr", "logfile", "stdout_logfile", "stderr_logfile",
		"description"} {
		e.Member(name)
		e.String(name + "!")
	}
	for i, name := range []string{"start", "stop", "now", "exitstatus", "pid"} {
		e.Member(name)
		e.Int(int64(i + 1))
	}
	e.Member("state")
	e.Int(20)
	e.Member("unknown")
	e.Int(1)
	e.EndStruct()
}

func configuration(e *xmlrpc.Encoder) {
	e.BeginStruct()
	for name, value := range map[string]string{"name": "p", "uid": "none", "autorestart": "unexpected"} {
		e.Member(name)
		e.String(value)
	}
	e.Member("inuse")
	e.Bool(true)
	e.Member("stdout_syslog")
	e.Bool(true)
	e.Member("group_prio")
	e.Int(999)
	e.Member("exitcodes")
	e.BeginArray()
	e.Int(0)
	e.Int(2)
	e.EndArray()
	e.EndStruct()
}

func TestFaultsAndInvalidResponses(t *testing.T) {
	ctx := context.Background()
	s := start(t, func(xmlrpc.Call) []byte { return xmlrpc.AppendFault(nil, 10, "BAD_NAME: x") })
	c := s.client(t)
	var fault *Fault
	if _, err := c.ProcessInfo(ctx, "x"); !errors.As(err, &fault) || *fault != (Fault{Code: 10, Text: "BAD_NAME: x"}) {
		t.Errorf("%v", err)
	}
	if _, err := c.AllProcessInfo(ctx); !errors.As(err, &fault) || fault.Code != 10 {
		t.Errorf("%v", err)
	}
	var parse *ParseError
	for _, answer := range []string{"", "hello", "<a>", "<methodResponse><params><param><value><int>x</int>"} {
		s.answer = func(xmlrpc.Call) []byte { return []byte(answer) }
		if _, err := c.PID(ctx); !errors.As(err, &parse) {
			t.Errorf("%q: %v", answer, err)
		}
		if _, err := c.AllProcessInfo(ctx); !errors.As(err, &parse) {
			t.Errorf("%q: %v", answer, err)
		}
	}
	s.answer = yes
	if _, err := c.AllProcessInfo(ctx); !errors.As(err, &parse) {
		t.Errorf("AllProcessInfo of true: %v", err)
	}
	if _, err := c.ProcessInfo(ctx, "x"); !errors.As(err, &parse) {
		t.Errorf("ProcessInfo of true: %v", err)
	}
	if _, err := c.TailProcessStdoutLog(ctx, "x", 0, 0); !errors.As(err, &parse) {
		t.Errorf("TailProcessStdoutLog of true: %v", err)
	}
	if _, err := c.ReloadConfig(ctx); !errors.As(err, &parse) {
		t.Errorf("ReloadConfig of true: %v", err)
	}
}

// Credentials of any length are sent in one header line; without credentials the header is missing.
func TestCredentials(t *testing.T) {
	s := start(t, yes)
	password := strings.Repeat("long:", 60)
	c, err := New(strings.Replace(s.URL, "http://", "http://ignored:too@", 1)+"/also/ignored", "user", password)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
	r := http.Request{Header: s.header}
	if u, p, ok := r.BasicAuth(); !ok || u != "user" || p != password {
		t.Errorf("%q, %q, %v", u, p, ok)
	}
	if err := s.client(t).Restart(context.Background()); err != nil || s.header.Get("Authorization") != "" {
		t.Errorf("%v, %q", err, s.header)
	}
}

func TestStreams(t *testing.T) {
	ctx := context.Background()
	c := start(t, nil).client(t)
	for want, open := range map[string]func() (io.ReadCloser, error){
		"/logtail/g:p/stderr\n": func() (io.ReadCloser, error) { return c.FollowLog(ctx, "g:p", "stderr") },
		"/logtail/a b/stdout\n": func() (io.ReadCloser, error) { return c.FollowLog(ctx, "a b", "stdout") },
		"/mainlogtail\n":        func() (io.ReadCloser, error) { return c.FollowMainLog(ctx) },
	} {
		stream, err := open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(stream)
		if string(got) != want || err != nil || stream.Close() != nil {
			t.Errorf("%q, not %q: %v", got, want, err)
		}
	}
}

// Callers can distinguish the reasons why a server cannot be reached.
func TestConnectionErrors(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]error{
		"unix://" + dir + "/none": syscall.ENOENT,
		"unix://" + plain:         syscall.ECONNREFUSED,
		"http://127.0.0.1:1":      syscall.ECONNREFUSED,
	} {
		c, err := New(address, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.PID(ctx); !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", address, err, want)
		}
		if c.URL() != address {
			t.Errorf("%q", c.URL())
		}
	}
	for _, address := range []string{"bogus:x", "gopher://localhost", "http://", "", "/path", "http://a b"} {
		var scheme *SchemeError
		if _, err := New(address, "", ""); !errors.As(err, &scheme) || scheme.URL != address {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestServerClosesConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 1<<16))
			conn.Close()
		}
	}()
	c, err := New("http://"+listener.Addr().String(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.PID(context.Background()); !errors.Is(err, ErrGone) {
		t.Errorf("%v", err)
	}
}

func TestHTTPStatus(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	c, err := New(s.URL, "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var status *HTTPError
	_, err = c.PID(context.Background())
	if !errors.As(err, &status) || *status != (HTTPError{"127.0.0.1", "/RPC2", 404, "Not Found"}) {
		t.Errorf("%v", err)
	}
	if _, err = c.FollowMainLog(context.Background()); !errors.As(err, &status) || status.Path != "/mainlogtail" {
		t.Errorf("%v", err)
	}
}

// The end of a log comes from servers that answer a range; from others it does not, except that credentials are reported.
// covers: REP-G9
func TestLogEnd(t *testing.T) {
	const data = "\x1b[31m\xff\r\n"
	var path, wanted string
	status := http.StatusPartialContent
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, wanted = r.URL.Path, r.Header.Get("Range")
		w.WriteHeader(status)
		w.Write([]byte(data))
	}))
	defer s.Close()
	c, err := New(s.URL, "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := c.LogEnd(context.Background(), "g:a b", "stderr", 100)
	if string(got) != data || err != nil || path != "/logfile/g:a b/stderr" || wanted != "bytes=-100" {
		t.Errorf("%q, %v, %q, %q", got, err, path, wanted)
	}
	if got, err = c.MainLogEnd(context.Background(), 3); string(got) != data[:3] || err != nil || path != "/mainlogfile" {
		t.Errorf("%q, %v, %q", got, err, path)
	}
	for _, status = range []int{200, 404, 503} {
		if got, err := c.MainLogEnd(context.Background(), 3); !errors.Is(err, ErrNoLogEnd) {
			t.Errorf("%d: %q, %v", status, got, err)
		}
	}
	status = 401
	var refused *HTTPError
	if _, err := c.MainLogEnd(context.Background(), 3); !errors.As(err, &refused) || refused.Code != 401 {
		t.Errorf("%v", err)
	}
}

// A call ends with its context.
func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := start(t, func(xmlrpc.Call) []byte {
		cancel()
		return nil
	})
	release := make(chan struct{})
	s.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		cancel()
		<-release
	})
	defer close(release)
	if _, err := s.client(t).PID(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func BenchmarkAllProcessInfo(b *testing.B) {
	body := array(func(e *xmlrpc.Encoder) {
		for range 1000 {
			info(e)
		}
	})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(body) }))
	defer s.Close()
	c, err := New(s.URL, "", "")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if infos, err := c.AllProcessInfo(context.Background()); err != nil || len(infos) != 1000 {
			b.Fatal(len(infos), err)
		}
	}
}
