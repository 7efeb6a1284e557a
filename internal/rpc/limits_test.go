package rpc

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// withLog serves a process "a" whose log contains text.
func withLog(t *testing.T, text []byte) *Server {
	g := program("a", "/bin/sleep 1000", "a")
	path := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	g.Processes[0].Out = config.Channel{Log: config.Log{Path: path}}
	return serve(t, g)
}

// withAnswers sets the length of an answer for the time of a test, a small one for the race detector.
func withAnswers(t *testing.T, limit int64) {
	before := budget.Answer.Limit
	budget.Answer.Limit = limit
	t.Cleanup(func() { budget.Answer.Limit = before })
}

// The answer of a multicall is bounded, and so is the memory that it takes: 60 calls in 19 kB would have an answer of 38 MB.
// Results that do not fit are faults, and the calls after them still run.
// covers: SEC-7
// differs: DIFF-190 an answer is bounded
func TestLongMulticall(t *testing.T) {
	const limit = 8 << 20
	withAnswers(t, limit)
	s := withLog(t, bytes.Repeat([]byte{'&'}, limit/64))
	var calls []any
	for range 60 {
		calls = append(calls, map[string]any{"methodName": "supervisor.readProcessStdoutLog", "params": []any{"a", 0, 0}})
	}
	calls = append(calls, map[string]any{"methodName": "supervisor.startProcess", "params": []any{"a"}},
		map[string]any{"methodName": "supervisor.getProcessInfo", "params": []any{strings.Repeat("x", limit/8)}})
	body, err := kolo.EncodeMethodCall("system.multicall", calls)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	response, _, status := s.ServeXMLRPC(system, body, nil)
	runtime.ReadMemStats(&after)
	if status != http.StatusOK || len(response) > limit+limit/64 || len(response) < limit*9/10 {
		t.Fatalf("status %d, %d bytes", status, len(response))
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 3*limit {
		t.Errorf("%d MB were allocated for an answer of %d MB", allocated>>20, limit>>20)
	}
	text := string(response)
	if n, faults := strings.Count(text, "&amp;</string>"), strings.Count(text, "<int>30</int>"); n < 10 || n+faults != 61 {
		t.Errorf("%d results, %d faults", n, faults)
	}
	if !strings.Contains(text, "</struct></value>\n<value><boolean>1</boolean></value>\n<value><struct>") {
		t.Error("the start after the limit has no result")
	}
	info, fault := call(t, s, "supervisor.getProcessInfo", "a")
	if state, _ := info.Get("statename"); fault != "" || state.Text != "RUNNING" {
		t.Errorf("%v %s", info, fault)
	}
}

// A fault is bounded, too: its text may be that of a parameter.
// covers: SEC-7
func TestLongFault(t *testing.T) {
	withAnswers(t, 1<<20)
	s := serve(t)
	for n, want := range map[int]string{maxFault() / 2: "10 BAD_NAME: ", maxFault(): "30 FAILED: the answer would have more than"} {
		if _, fault := call(t, s, "supervisor.startProcess", strings.Repeat(">", n)); !strings.HasPrefix(fault, want) {
			t.Errorf("%d bytes: %.100s", n, fault)
		}
	}
}

// A window of a log is what an answer can hold: the beginning of what was asked for, or its end if that was counted from the
// end.
// covers: SEC-7
func TestLongWindow(t *testing.T) {
	const limit = 256 << 10
	withAnswers(t, limit)
	text := append(bytes.Repeat([]byte("<begin>\n"), limit/16), bytes.Repeat([]byte("the end\n"), limit/16+100)...)
	s := withLog(t, text)
	for _, c := range []struct {
		method string
		params []any
		last   bool
	}{
		{"supervisor.readProcessStdoutLog", []any{"a", 0, 0}, false},
		{"supervisor.readProcessStdoutLog", []any{"a", 0, 1 << 30}, false},
		{"supervisor.readProcessStdoutLog", []any{"a", -(1 << 30), 0}, true},
		{"supervisor.tailProcessStdoutLog", []any{"a", 0, 1 << 30}, true},
	} {
		v, fault := call(t, s, c.method, c.params...)
		if len(v.Items) > 0 {
			v = v.Items[0]
		}
		got := v.Text
		if fault != "" || len(got) < limit*3/5 || len(got) > limit {
			t.Errorf("%s%v: %d bytes, %s", c.method, c.params, len(got), fault)
			continue
		}
		want := string(text[:len(got)])
		if c.last {
			want = string(text[len(text)-len(got):])
		}
		if got != want {
			t.Errorf("%s%v: not the right part", c.method, c.params)
		}
	}
}

// A call that cannot be understood is logged with its beginning and its length.
// covers: SEC-23
// differs: DIFF-195 200 bytes of a bad call are logged
func TestBadCallIsLogged(t *testing.T) {
	var log bytes.Buffer
	s := serveWith(t, logs.NewMain(&log, api.Blather))
	for _, body := range []string{"a\n", strings.Repeat("\x01\n", 3<<20)} {
		if _, _, status := s.ServeXMLRPC(system, []byte(body), nil); status != http.StatusBadRequest {
			t.Errorf("status %d", status)
		}
	}
	name := strings.Repeat("x", 1<<20)
	if _, fault := call(t, s, name+"\n.y"); fault != "1 UNKNOWN_METHOD" {
		t.Error(fault)
	}
	text := log.String()
	for _, want := range []string{
		`ERRO XML-RPC request data 'a\n' is invalid: unmarshallable` + "\n",
		`ERRO XML-RPC request data '` + strings.Repeat(`\x01\n`, 100) +
			`' (the first 200 of 6291456 bytes) is invalid: unmarshallable` + "\n",
		"TRAC XML-RPC method called: " + strings.Repeat("x", 200) + "... (1048579 bytes)()\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %s", want)
		}
	}
	if len(text) > 5000 {
		t.Errorf("%d bytes were logged", len(text))
	}
}
