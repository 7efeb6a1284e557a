package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// group is a group of processes that run command, which are not started by themselves.
func group(name, command string, processes ...string) *config.Group {
	g := &config.Group{Name: name, Priority: 999}
	p := &config.Program{Section: "program:" + name, Name: name, Priority: 999,
		Exit: config.Exit{Restart: config.RestartUnexpected, Codes: []int{0}},
		Stop: config.Stop{Signal: syscall.SIGTERM, WaitSecs: 10}}
	for _, n := range processes {
		g.Processes = append(g.Processes, &config.Process{Program: p, ProcessName: n, Run: config.Run{Command: command, Umask: -1}})
	}
	return g
}

// world is a Supervisor with real children, its API, and what the document says about it.
type world struct {
	t      *testing.T
	sup    *supervisor.Supervisor
	ops    *operations.Service
	ring   *history.Ring
	api    *Server
	router routers.Router
}

func newWorld(t *testing.T, groups ...*config.Group) *world {
	t.Helper()
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	cfg := &config.Config{Groups: groups}
	ring := history.New("5f3a2c01", 100)
	sup, err := supervisor.New(supervisor.Options{Config: cfg, Start: child.Start, Log: logs.NewMain(new(bytes.Buffer), api.Info), Chld: chld,
		History: ring, ReadConfig: func(*config.Scaling) (*config.Config, error) { return cfg, nil }})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { sup.Run(nil, nil); close(ended) }()
	t.Cleanup(func() {
		_ = sup.Do((*supervisor.Loop).Shutdown)
		<-ended
		signal.Stop(chld)
	})
	w := &world{t: t, sup: sup, ops: operations.New(sup), ring: ring, router: routerOf(t)}
	w.api = New(w.ops, About{Started: time.Now(), File: "/etc/supervisord.conf"})
	return w
}

// routerOf reads the OpenAPI document, and checks that it is one.
func routerOf(t *testing.T) routers.Router {
	t.Helper()
	text, err := document()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// full is a caller who may do everything.
var full = &access.Caller{Role: access.Full}

// does makes a request as a caller. The answer is checked against the document, and the request too if it succeeds.
func (w *world) does(c *access.Caller, method, path string, body string, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	answer := httptest.NewRecorder()
	make := func() *http.Request {
		r := httptest.NewRequest(method, "http://localhost"+Prefix+path, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r.WithContext(access.With(r.Context(), c))
	}
	w.api.Serve(answer, make())
	if got := answer.Header().Get("Cache-Control"); got != "no-store" {
		w.t.Errorf("%s %s: Cache-Control is %q", method, path, got)
	}
	w.check(make(), answer)
	return answer
}

// check compares a request and its answer with the document.
func (w *world) check(r *http.Request, answer *httptest.ResponseRecorder) {
	w.t.Helper()
	status, text := answer.Code, answer.Body.Bytes()
	if status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		if kind := answer.Header().Get("Content-Type"); kind != problemType {
			w.t.Errorf("%s %s: %d with the type %s", r.Method, r.URL, status, kind)
		}
	}
	if r.Method == http.MethodHead { // the document leaves it out
		return
	}
	to, args, err := w.router.FindRoute(r)
	if err != nil {
		if status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
			w.t.Errorf("%s %s: %v, and the status is %d", r.Method, r.URL, err, status)
		}
		return
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: args, Route: to, Options: options}
	if status < 300 {
		if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
			w.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Header: answer.Header(),
		Body: io.NopCloser(bytes.NewReader(text)), Options: options}
	if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
		w.t.Errorf("%s %s: %d %s\n%v", r.Method, r.URL, status, text, err)
	}
}

// get is a GET request of a caller who may do everything, whose answer has a status. Into gets the answer, nil: it does not matter.
func (w *world) get(path string, status int, into any) string {
	w.t.Helper()
	answer := w.does(full, http.MethodGet, path, "")
	if answer.Code != status {
		w.t.Fatalf("GET %s: %d, want %d\n%s", path, answer.Code, status, answer.Body)
	}
	if into != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil {
			w.t.Fatalf("GET %s: %v", path, err)
		}
	}
	return answer.Body.String()
}

// covers: OBS-49
// The document is one, and names each route of the table and no other.
func TestDocument(t *testing.T) {
	routerOf(t)
	text, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	ids := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, operation := range methods {
			got = append(got, strings.ToUpper(method)+" "+path)
			if ids[operation.OperationID] {
				t.Errorf("two operations are called %s", operation.OperationID)
			}
			ids[operation.OperationID] = true
		}
	}
	for i := range routes {
		r := &routes[i]
		want = append(want, r.method+" "+r.path)
		if r.role < access.Metrics || r.help == "" || r.serve == nil {
			t.Errorf("%s %s lacks a role, help or what serves it", r.method, r.path)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the document has %q, the table %q", got, want)
	}
}

// Each route answers as the document says, with the role that it needs, and refuses lower ones.
func TestRoles(t *testing.T) {
	w := newWorld(t, group("g", "/bin/cat", "p"))
	for i := range routes {
		r := &routes[i]
		path := strings.NewReplacer("{group}", "g", "{name}", "p", "{channel}", "stdout").Replace(r.path)
		for role := access.None; role < r.role; role++ {
			answer := w.does(&access.Caller{User: "ann", Role: role}, r.method, path, "")
			if answer.Code != http.StatusForbidden || !strings.Contains(answer.Body.String(), `"NOT_ALLOWED: ann may not `+r.method) {
				t.Errorf("%s %s as %s: %d %s", r.method, path, role, answer.Code, answer.Body)
			}
		}
		if r.method == http.MethodGet {
			if answer := w.does(&access.Caller{Role: r.role}, r.method, path, ""); answer.Code >= 400 && answer.Code != http.StatusServiceUnavailable && r.path != "/audit" {
				t.Errorf("%s %s as %s: %d %s", r.method, path, r.role, answer.Code, answer.Body)
			}
			if answer := w.does(full, http.MethodHead, path, ""); answer.Code == http.StatusMethodNotAllowed || answer.Body.Len() > 0 {
				t.Errorf("HEAD %s: %d %s", path, answer.Code, answer.Body)
			}
		}
		if answer := w.does(full, http.MethodPatch, path, ""); answer.Code != http.StatusMethodNotAllowed ||
			!strings.Contains(answer.Header().Get("Allow"), r.method) {
			t.Errorf("PATCH %s: %d, Allow: %s", path, answer.Code, answer.Header().Get("Allow"))
		}
	}
}

// shownState is what the tests look at in a process.
type shownState struct {
	Namespec, State string
	PID             *int
	Exit            *struct {
		Status   *int
		Signal   *string
		Expected bool
		Text     string
	}
	Detail *struct {
		Starts, Restarts, Exits int
		Unexpected              int `json:"exits_unexpected"`
		Command                 string
	}
}

// until waits for a state of the process g:p.
func (w *world) until(state string) (p shownState) {
	w.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		changed := w.ring.Changed()
		if w.get("/processes/g/p", 200, &p); p.State == state {
			return p
		}
		select {
		case <-changed:
		case <-deadline:
			w.t.Fatalf("it is %s, not %s", p.State, state)
		}
		p = shownState{}
	}
}

func TestProcesses(t *testing.T) {
	w := newWorld(t, group("g", "/bin/cat", "p"), group("bad", "/no/such/command", "bad"))
	if err := w.ops.StartProcess(context.Background(), "g:p", true); err != nil {
		t.Fatal(err)
	}
	first := w.until("RUNNING")
	if err := syscall.Kill(*first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	var p shownState
	for {
		changed := w.ring.Changed()
		if p = w.until("RUNNING"); *p.PID != *first.PID {
			break
		}
		select {
		case <-changed:
		case <-time.After(30 * time.Second):
			t.Fatal("it is not started again")
		}
	}
	if p.Detail.Starts != 2 || p.Detail.Restarts != 1 || p.Detail.Exits != 1 || p.Detail.Unexpected != 1 || p.Exit == nil ||
		*p.Exit.Signal != "SIGKILL" || p.Exit.Status != nil || p.Exit.Text != "terminated by SIGKILL; not expected" {
		t.Errorf("after the kill: %+v, %+v", p.Detail, p.Exit)
	}
	if err := w.ops.RestartProcess(context.Background(), "g:p", true); err != nil {
		t.Fatal(err)
	}
	if p := w.until("RUNNING"); p.Detail.Starts != 3 || p.Detail.Restarts != 1 || p.Detail.Unexpected != 1 || !p.Exit.Expected {
		t.Errorf("after the restart: %+v, %+v", p.Detail, p.Exit)
	}
	var list struct {
		Processes []shownState
		Life      string
		Seq       int
	}
	for path, want := range map[string]string{
		"/processes":                           "bad g:p",
		"/processes?detail=true":               "bad g:p",
		"/processes?group=g":                   "g:p",
		"/processes?name=b*":                   "bad",
		"/processes?name=g:*":                  "g:p",
		"/processes?state=running,FATAL":       "g:p",
		"/processes?state=STOPPED&detail=true": "bad",
		"/processes?group=none":                "",
	} {
		list.Processes = nil
		w.get(path, 200, &list)
		var got []string
		for _, p := range list.Processes {
			got = append(got, p.Namespec)
			if (p.Detail != nil) != strings.Contains(path, "detail") {
				t.Errorf("%s: detail is %v", path, p.Detail)
			}
		}
		if strings.Join(got, " ") != want || list.Life != "5f3a2c01" || list.Seq != int(w.ring.Last()) {
			t.Errorf("%s: %q, want %q; %+v", path, got, want, list)
		}
	}
	for path, want := range map[string]string{
		"/processes?state=up":                  `bad value of state: \"up\"`,
		"/processes?detail=1":                  `bad value of detail: \"1\"`,
		"/processes?detail=true&name=a&name=b": "the parameter name is there twice",
		"/processes?%zz":                       "the query is malformed",
		"/events?n=-1":                         `bad value of n: \"-1\" is not a number from 0 to 65536`,
		"/events?since=x":                      `bad value of since: \"x\" is not the id of an event`,
		"/events?types=tick":                   `bad value of types: \"tick\"`,
	} {
		if text := w.get(path, 400, nil); !strings.Contains(text, want) {
			t.Errorf("%s: %s", path, text)
		}
	}
	w.get("/processes/g", 404, nil)
	w.get("/processes/g/none", 404, nil)
	w.get("/processes/g/*", 404, nil)
	w.get("/processes/g/%2e%2e", 404, nil)
	w.get("/groups/none", 404, nil)
	if text := w.get("/groups/g", 200, nil); !strings.Contains(text, `{"name":"p","state":"RUNNING","statecode":20}`) {
		t.Error(text)
	}
}

// A request from a page of another site changes nothing; one that only reads is left to the browser, which does not show the answer.
func TestOtherSites(t *testing.T) {
	w := newWorld(t, group("g", "/bin/cat", "p"))
	for i := range routes {
		if r := &routes[i]; !safe(r.method) {
			path := strings.NewReplacer("{group}", "g", "{name}", "p", "{channel}", "stdout").Replace(r.path)
			answer := w.does(full, r.method, path, "", "Origin", "https://evil.example")
			if answer.Code != http.StatusForbidden {
				t.Errorf("%s %s: %d %s", r.method, path, answer.Code, answer.Body)
			}
		}
	}
	answer := w.does(full, http.MethodGet, "/processes", "", "Origin", "https://evil.example")
	if answer.Code != http.StatusOK || answer.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %v", answer.Code, answer.Header())
	}
}

func TestDecode(t *testing.T) {
	for text, want := range map[string]string{
		`{"wait":true}`:                     "",
		`{}`:                                "",
		` {"list":[{"wait":1},{"wait":2}]}`: "",
		`{"wait":true,"wait":false}`:        `the member "wait" is there twice`,
		`{"list":[{"a":1,"a":2}]}`:          `the member "a" is there twice`,
		`{"x":1}`:                           `json: unknown field "x"`,
		`{"wait":"yes"}`:                    `the member "wait" is not of the type that is expected`,
		`{"wait":true`:                      "the body is not JSON: EOF",
		`{"wait":true} {}`:                  "something follows the JSON value",
		`nonsense`:                          "the body is not JSON: invalid character 'o' in literal null (expecting 'u')",
		strings.Repeat("[", 10000):          "the body is nested too deeply",
		strings.Repeat(`{"a":`, 10000):      "the body is nested too deeply",
	} {
		var into struct {
			Wait bool
			List []json.RawMessage
		}
		got := ""
		if err := decode([]byte(text), &into); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.40s: %q, want %q", text, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":null}],"c":"d"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var into any
		if decode(text, &into) == nil && !json.Valid(text) {
			t.Errorf("%q is taken for JSON", text)
		}
	})
}

func TestTexts(t *testing.T) {
	for _, text := range []string{"", "a b", "a\"b\\c", "<&>", "a\x00b\n", "é", "\xff", "\u2028", "\x7f"} {
		var got string
		if err := json.Unmarshal(appendText(nil, text), &got); err != nil || got != strings.ToValidUTF8(text, "\ufffd") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
