package rest

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/config"
)

// call is a request and its answer. Wants are parts of that.
type call struct {
	method, path, body string
	status             int
	wants              string
}

func (w *world) calls(c *access.Caller, calls ...call) {
	w.t.Helper()
	for _, do := range calls {
		answer := w.does(c, do.method, do.path, do.body)
		if answer.Code != do.status || !strings.Contains(answer.Body.String(), do.wants) {
			w.t.Errorf("%s %s %s: %d, want %d with %s\n%s", do.method, do.path, do.body, answer.Code, do.status, do.wants, answer.Body)
		}
	}
}

// stubborn is a group with a process that ends by SIGKILL only, and makes a file when it has begun to ignore other signals.
func stubborn(t *testing.T) (g *config.Group, ready string) {
	ready = filepath.Join(t.TempDir(), "ready")
	g = group("slow", `/bin/sh -c "trap '' TERM; : > `+ready+`; while :; do sleep 0.1; done"`, "slow")
	g.Processes[0].Program.Stop.WaitSecs = 600
	return g, ready
}

// covers: OBS-41
// Actions wait, or not, or as long as the caller says; what has begun goes on.
func TestActions(t *testing.T) {
	slow, ready := stubborn(t)
	w := newWorld(t, group("g", "/bin/cat", "p"), slow)
	w.calls(full,
		call{"POST", "/processes/g/p/start", "", 200, `"state":"RUNNING"`},
		call{"POST", "/processes/g/p/signal", `{"signal":"CONT"}`, 200, `"state":"RUNNING"`},
		call{"POST", "/processes/g/p/restart", `{"wait":true,"timeout":"30s"}`, 200, `"starts":2,"restarts":0`},
		call{"POST", "/processes/g/p/stop", `{}`, 200, `"state":"STOPPED"`},
		call{"POST", "/processes/slow/slow/start", `{"wait":false}`, 202, `"name":"slow"`},
	)
	for _, err := os.Stat(ready); err != nil; _, err = os.Stat(ready) {
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
	w.calls(full,
		call{"POST", "/processes/slow/slow/stop", `{"timeout":"10ms"}`, 202, `"state":"STOPPING"`},
		call{"POST", "/groups/slow/stop", `{"wait":false}`, 202, `{"results":[]}`},
		call{"GET", "/processes/slow/slow", "", 200, `"state":"STOPPING"`},
		call{"POST", "/processes/slow/slow/kill", ``, 200, `"state":"STOPPED"`},
		call{"POST", "/groups/g/start", "", 200, `{"results":[{"group":"g","name":"p","ok":true,"code":80,"fault":null,"detail":"OK"}]}`},
		call{"POST", "/groups/g/restart", `{"timeout":"30s"}`, 200, `"ok":true`},
		call{"POST", "/actions", `{"action":"start","targets":["g:p","none"]}`, 200, `{"results":[` +
			`{"group":"g","name":"p","ok":false,"code":60,"fault":"ALREADY_STARTED","detail":"ALREADY_STARTED: g:p"},` +
			`{"group":"none","name":"none","ok":false,"code":10,"fault":"BAD_NAME","detail":"BAD_NAME: none"}]}`},
		call{"POST", "/actions", `{"action":"start","targets":["g:*"]}`, 200, `{"results":[]}`},
		call{"POST", "/actions", `{"action":"stop","targets":["g:*"]}`, 200, `"name":"p","ok":true`},
		call{"POST", "/actions", `{"action":"signal","targets":["g:p"],"signal":"HUP"}`, 200, `"fault":"NOT_RUNNING"`},
	)
}

// covers: OBS-42
// Each fault has its status.
func TestFaults(t *testing.T) {
	w := newWorld(t, group("g", "/bin/cat", "p"), group("gone", "/no/such/command", "p"), group("file", "/etc/passwd", "p"),
		group("quick", "/bin/false", "p"))
	w.calls(full,
		call{"POST", "/processes/g/none/start", "", 404, `"fault":"BAD_NAME"`},
		call{"POST", "/groups/none/start", "", 404, `"fault":"BAD_NAME"`},
		call{"POST", "/processes/gone/p/start", "", 422, `"fault":"NO_FILE"`},
		call{"POST", "/processes/file/p/start", "", 422, `"fault":"NOT_EXECUTABLE"`},
		call{"POST", "/processes/g/p/stop", "", 409, `"fault":"NOT_RUNNING"`},
		call{"POST", "/processes/g/p/start", "", 200, ""},
		call{"POST", "/processes/g/p/start", "", 409, `"fault":"ALREADY_STARTED"`},
		call{"POST", "/processes/g/p/signal", `{"signal":"NONE"}`, 400, `"fault":"BAD_SIGNAL"`},
		call{"POST", "/processes/g/p/rotate", "", 404, `"fault":"NO_FILE"`},
		call{"PUT", "/groups/none", "", 404, `"fault":"BAD_NAME"`},
		call{"DELETE", "/groups/g", "", 409, `"fault":"STILL_RUNNING"`},
		call{"DELETE", "/groups/gone", "", 204, ""},
		call{"POST", "/config/reread", "", 200, `"added":["gone"]`},
		call{"PUT", "/groups/gone", "", 201, `"name":"gone"`},
		call{"PUT", "/groups/gone", "", 409, `"fault":"ALREADY_ADDED"`},
		call{"POST", "/processes/g/p/signal", "", 400, "the member signal is missing"},
		call{"POST", "/processes/g/p/stop", `{"signal":"HUP"}`, 400, `there is no member \"signal\"`},
		call{"POST", "/processes/g/p/stop", `{"x":1}`, 400, "unknown field"},
		call{"POST", "/processes/g/p/stop", `{"timeout":"soon"}`, 400, "bad value of timeout"},
		call{"POST", "/actions", `{"action":"explode","targets":[]}`, 400, "bad value of action"},
		call{"POST", "/actions", `{"action":"stop"}`, 400, "the member targets is missing"},
		call{"POST", "/config/reread", `{}`, 400, "there is a body"},
		call{"POST", "/supervisor/rotate", "", 404, `"fault":"NO_FILE"`},
	)
	if answer := w.does(full, "POST", "/processes/g/p/stop", `{"wait":true}`, "Content-Type", "text/plain"); answer.Code != http.StatusUnsupportedMediaType {
		t.Errorf("a text: %d", answer.Code)
	}
	if answer := w.does(full, "POST", "/processes/g/p/stdin", "abc", "Content-Type", "application/octet-stream"); answer.Code != http.StatusNoContent {
		t.Errorf("stdin: %d %s", answer.Code, answer.Body)
	}
	w.calls(full, call{"POST", "/supervisor/shutdown", "", 202, `{"state":"SHUTDOWN"}`}, call{"GET", "/processes", "", 503, `"fault":"SHUTDOWN_STATE"`})
}

// What is not the caller's does not exist for it.
func TestOwnPrograms(t *testing.T) {
	w := newWorld(t, group("a", "/bin/cat", "p"), group("b", "/bin/cat", "p"))
	ann := access.New([]access.Rules{{Section: "inet_http_server"}}, []access.User{{Name: "ann", Password: "x", Role: access.Full, Programs: []string{"a:*"}}}, nil).
		Gate(0).Judge(access.Credentials{Authorization: "Basic YW5uOng=", Fields: 1}).Caller
	if ann == nil {
		t.Fatal("there is no such user")
	}
	w.calls(full, call{"POST", "/actions", `{"action":"start","targets":["a:*","b:*"]}`, 200, `"name":"p","ok":true`})
	w.calls(ann,
		call{"GET", "/processes", "", 200, `{"processes":[{"group":"a"`},
		call{"GET", "/processes/b/p", "", 404, "BAD_NAME: b:p"},
		call{"GET", "/groups/b", "", 404, "BAD_NAME: b"},
		call{"POST", "/processes/b/p/stop", "", 404, "BAD_NAME: b:p"},
		call{"POST", "/actions", `{"action":"stop","targets":["b:p"]}`, 200, `"fault":"BAD_NAME"`},
		call{"GET", "/health", "", 200, `"processes":1`},
		call{"GET", "/supervisor", "", 200, `"programs":["a:*"]`},
		call{"POST", "/supervisor/shutdown", "", 403, "NOT_ALLOWED: ann may not POST"},
	)
	if text := w.does(ann, "GET", "/events?since=all", "").Body.String(); strings.Contains(text, `"group":"b"`) || !strings.Contains(text, `"group":"a"`) {
		t.Error(text)
	}
}
