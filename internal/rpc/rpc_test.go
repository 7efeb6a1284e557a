package rpc

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// program is a group of processes that run command.
// system is the context of calls to which everything is allowed.
var system = access.With(context.Background(), access.System)

func program(name, command string, names ...string) *config.Group {
	g := &config.Group{Name: name, Priority: 999}
	p := &config.Program{Section: "program:" + name, Name: name, Priority: 999,
		Exit: config.Exit{Restart: config.RestartUnexpected, Codes: []int{0}},
		Stop: config.Stop{Signal: syscall.SIGTERM, WaitSecs: 10}}
	for _, n := range names {
		g.Processes = append(g.Processes, &config.Process{Program: p, ProcessName: n, Run: config.Run{Command: command, Umask: -1}})
	}
	return g
}

// serve runs a Supervisor with real children until the end of the test.
func serve(t testing.TB, groups ...*config.Group) *Server {
	return serveWith(t, logs.NewMain(new(bytes.Buffer), api.Info), groups...)
}

// serveWith is serve with a log.
func serveWith(t testing.TB, log *logs.Main, groups ...*config.Group) *Server {
	t.Helper()
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	cfg := &config.Config{Groups: groups}
	cfg.Supervisord.Identifier = "test"
	sup, err := supervisor.New(supervisor.Options{
		Config: cfg, Log: log, Chld: chld, Start: child.Start,
		ReadConfig: func(*config.Scaling) (*config.Config, error) { return cfg, nil },
		ShowConfig: func(*config.Scaling) (*config.Config, []api.ConfigSection, error) { return cfg, nil, nil },
	})
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
	return New(sup, config.Interface{Name: "supervisor", Factory: config.MainInterface})
}

// call calls a method as a client does and returns the result, or the fault as text.
func call(t testing.TB, s *Server, method string, params ...any) (xmlrpc.Value, string) {
	t.Helper()
	body, err := kolo.EncodeMethodCall(method, params...)
	if err != nil {
		t.Fatal(err)
	}
	response, done, status := s.ServeXMLRPC(system, body, nil)
	if done != nil {
		defer done()
	}
	if status != http.StatusOK {
		return xmlrpc.Value{}, fmt.Sprint("status ", status)
	}
	v, fault, err := xmlrpc.ParseResponse(response)
	if err != nil {
		t.Fatalf("%v in %s", err, response)
	}
	if fault != nil {
		return v, fmt.Sprintf("%d %s", fault.Code, fault.Text)
	}
	return v, ""
}

// TestTable checks the names of the methods, and that each has a help text and a signature.
func TestTable(t *testing.T) {
	s := serve(t)
	list, _ := call(t, s, "system.listMethods")
	byName := func(a, b xmlrpc.Value) int { return strings.Compare(a.Text, b.Text) }
	const original = 41
	if !slices.IsSortedFunc(list.Items[:original], byName) || !slices.IsSortedFunc(list.Items[original:], byName) {
		t.Errorf("not sorted: %v", list.Items)
	}
	for i, name := range list.Items {
		if m := s.methods[name.Text]; m.Ours != (i >= original) {
			t.Errorf("%s is method %d", name.Text, i)
		}
	}
	types := []string{"string", "int", "boolean", "array", "struct"}
	for _, name := range list.Items {
		signature, fault := call(t, s, "system.methodSignature", name.Text)
		if fault != "" || len(signature.Items) == 0 {
			t.Errorf("%s: %s", name.Text, fault)
		}
		for _, typ := range signature.Items {
			if !slices.Contains(types, typ.Text) {
				t.Errorf("%s: type %s", name.Text, typ.Text)
			}
		}
		help, _ := call(t, s, "system.methodHelp", name.Text)
		if n := strings.Count(help.Text, "@param") + strings.Count(help.Text, "@return"); n != len(signature.Items) {
			t.Errorf("%s: help describes %d of %d:\n%s", name.Text, n, len(signature.Items), help.Text)
		}
	}
}

// TestOnlyTheTable shows that nothing but the methods of the table can be called.
func TestOnlyTheTable(t *testing.T) {
	s := serve(t)
	for _, name := range []string{"", "getPID", "supervisor.", "supervisor.call", "supervisor.ServeXMLRPC", "supervisor._x",
		"supervisor.getPID.x", " supervisor.getPID ", "system.getPID", "Supervisor.getPID", "supervisor.sup.Shutdown"} {
		want := "1 UNKNOWN_METHOD"
		if name == "" {
			want = "status 400"
		}
		if _, fault := call(t, s, name); fault != want {
			t.Errorf("%q: %s", name, fault)
		}
	}
	if _, fault := call(t, New(s.sup), "supervisor.getPID"); fault != "1 UNKNOWN_METHOD" {
		t.Errorf("without [rpcinterface:supervisor]: %s", fault)
	}
}

// TestParameters shows how parameters are converted; fault 2 refuses those that cannot be.
func TestParameters(t *testing.T) {
	s := serve(t, program("a", "/bin/sleep 1000", "a"))
	for _, c := range []struct {
		method string
		params []any
		want   string
	}{
		{"supervisor.startProcess", []any{}, "2 INCORRECT_PARAMETERS"},
		{"supervisor.startProcess", []any{"a", true, 1}, "2 INCORRECT_PARAMETERS"},
		{"supervisor.startProcess", []any{7}, "2 INCORRECT_PARAMETERS: 7"},
		{"supervisor.startProcess", []any{"nope", "x"}, "10 BAD_NAME: nope"},
		{"supervisor.startProcess", []any{""}, "10 BAD_NAME: "},
		{"supervisor.signalProcess", []any{"a", 99}, "11 BAD_SIGNAL: 99"},
		{"supervisor.signalProcess", []any{"a", "hup"}, "70 NOT_RUNNING: a"},
		{"supervisor.stopProcess", []any{"a"}, "70 NOT_RUNNING: a"},
		{"supervisor.startProcessGroup", []any{"nope"}, "10 BAD_NAME: nope"},
		{"supervisor.startProcess", []any{"nope:*"}, "10 BAD_NAME: nope:*"},
		{"supervisor.getProcessInfo", []any{"a:*"}, "10 BAD_NAME: a:*"},
		{"supervisor.addProcessGroup", []any{"a"}, "90 ALREADY_ADDED: a"},
		{"supervisor.readProcessStdoutLog", []any{"a", 0, 0}, "20 NO_FILE"},
		{"supervisor.readProcessStdoutLog", []any{"a", "x", 0}, "2 INCORRECT_PARAMETERS: x"},
		{"supervisor.sendProcessStdin", []any{"a", 5}, "2 INCORRECT_PARAMETERS: 5"},
		{"supervisor.sendProcessStdin", []any{"a", "x"}, "70 NOT_RUNNING: a"},
		{"system.multicall", []any{"x"}, "2 INCORRECT_PARAMETERS: x"},
		{"system.methodHelp", []any{"nope"}, "4 SIGNATURE_UNSUPPORTED"},
	} {
		if _, fault := call(t, s, c.method, c.params...); fault != c.want {
			t.Errorf("%s%v: %q, want %q", c.method, c.params, fault, c.want)
		}
	}
}

// TestStartStop controls a group of real processes, in the order of the list.
func TestStartStop(t *testing.T) {
	s := serve(t, program("g", "/bin/sleep 1000", "p1", "p2", "p3"))
	names := func(v xmlrpc.Value, fault string) (names []string) {
		t.Helper()
		if fault != "" {
			t.Fatal(fault)
		}
		for _, item := range v.Items {
			name, _ := item.Get("name")
			status, _ := item.Get("status")
			names = append(names, fmt.Sprint(name.Text, " ", status.Number))
		}
		return names
	}
	if d := cmp.Diff([]string{"p1 80", "p2 80", "p3 80"}, names(call(t, s, "supervisor.startAllProcesses"))); d != "" {
		t.Errorf("start (-want +got):\n%s", d)
	}
	if _, fault := call(t, s, "supervisor.stopProcess", "g:p2"); fault != "" {
		t.Error(fault)
	}
	if d := cmp.Diff([]string{"p1 80", "p3 80"}, names(call(t, s, "supervisor.stopProcess", "g:*"))); d != "" {
		t.Errorf("stop (-want +got):\n%s", d)
	}
	if v, _ := call(t, s, "supervisor.stopProcessGroup", "g"); len(v.Items) != 0 {
		t.Errorf("stop again: %v", v)
	}
}

// TestMissingCommand shows that a fault of one process does not hide the others.
func TestMissingCommand(t *testing.T) {
	g := program("g", "/bin/sleep 1000", "p1", "p2")
	g.Processes[0].Run.Command = filepath.Join(t.TempDir(), "gone")
	s := serve(t, g)
	v, _ := call(t, s, "supervisor.startProcessGroup", "g")
	var got []string
	for _, item := range v.Items {
		text, _ := item.Get("description")
		got = append(got, text.Text)
	}
	want := []string{"NO_FILE: can't find command '" + g.Processes[0].Run.Command + "'", "OK"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestMulticall shows results and faults side by side.
func TestMulticall(t *testing.T) {
	s := serve(t)
	v, fault := call(t, s, "system.multicall", []any{
		map[string]any{"methodName": "supervisor.getAPIVersion", "params": []any{}},
		map[string]any{"methodName": "supervisor.getProcessInfo", "params": []any{"nope"}},
		map[string]any{"methodName": "system.multicall", "params": []any{[]any{}}},
		map[string]any{"params": []any{}},
		map[string]any{"methodName": "nope"},
	})
	if fault != "" {
		t.Fatal(fault)
	}
	got := []string{v.Items[0].Text}
	for _, item := range v.Items[1:] {
		text, _ := item.Get("faultString")
		got = append(got, text.Text)
	}
	want := []string{"3.0", "BAD_NAME: nope", "INCORRECT_PARAMETERS: Recursive system.multicall forbidden",
		"INCORRECT_PARAMETERS: No methodName", "UNKNOWN_METHOD"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestShutdown shows that calls are refused during a shutdown, and that the wait of a call ends with it.
func TestShutdown(t *testing.T) {
	g := program("a", "/bin/sh -c \"trap '' TERM; echo up; while :; do sleep 1; done\"", "a")
	g.Processes[0].Stop.WaitSecs = 1
	g.Processes[0].Out.Log = config.Log{Kind: config.LogFile, Path: filepath.Join(t.TempDir(), "a.log")}
	s := serve(t, g)
	if _, fault := call(t, s, "supervisor.startProcess", "a"); fault != "" {
		t.Fatal(fault)
	}
	for late := time.Now().Add(20 * time.Second); ; { // until it ignores the signal
		if v, _ := call(t, s, "supervisor.readProcessStdoutLog", "a", 0, 0); v.Text == "up\n" {
			break
		}
		if time.Now().After(late) {
			t.Fatal("the program does not start")
		}
	}
	stopped := make(chan string, 1)
	go func() {
		_, fault := call(t, s, "supervisor.stopProcess", "a")
		stopped <- fault
	}()
	if _, fault := call(t, s, "supervisor.shutdown"); fault != "" {
		t.Error(fault)
	}
	for method, want := range map[string]string{"supervisor.getState": "6 SHUTDOWN_STATE",
		"supervisor.startAllProcesses": "6 SHUTDOWN_STATE", "supervisor.shutdown": "6 SHUTDOWN_STATE",
		"supervisor.sendRemoteCommEvent": "2 INCORRECT_PARAMETERS"} {
		if _, fault := call(t, s, method); fault != want {
			t.Errorf("%s: %q", method, fault)
		}
	}
	if fault := <-stopped; fault != "" && fault != "status 0" && fault != "6 SHUTDOWN_STATE" {
		t.Errorf("stopProcess: %q", fault)
	}
	<-s.sup.Down()
	if _, fault := call(t, s, "supervisor.getPID"); fault != "status 0" {
		t.Errorf("after the shutdown: %q", fault)
	}
}

// FuzzServe shows that any request is answered with a valid response or with status 400.
func FuzzServe(f *testing.F) {
	s := serve(f, program("a", "/bin/sleep 1000", "a"))
	for _, method := range []string{"supervisor.getAllProcessInfo", "supervisor.tailProcessStdoutLog", "system.multicall", "nope"} {
		body, err := kolo.EncodeMethodCall(method, "a", 0, 0)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte("<methodCall><methodName>supervisor.getState</methodName></methodCall>"))
	f.Add([]byte("junk"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if bytes.Contains(body, []byte("shutdown")) || bytes.Contains(body, []byte("restart")) {
			return // the other inputs need the server
		}
		response, done, status := s.ServeXMLRPC(system, body, nil)
		if done != nil {
			defer done()
		}
		if status != http.StatusOK && status != http.StatusBadRequest {
			t.Fatalf("status %d", status)
		}
		if status == http.StatusOK {
			if _, _, err := xmlrpc.ParseResponse(response); err != nil {
				t.Fatalf("%v in %s", err, response)
			}
		}
	})
}

// BenchmarkGetAllProcessInfo answers the request of dashboards for a thousand processes.
func BenchmarkGetAllProcessInfo(b *testing.B) {
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("p_%04d", i)
	}
	s := serve(b, program("p", "/bin/sleep 1000", names...))
	body, err := kolo.EncodeMethodCall("supervisor.getAllProcessInfo")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		response, done, _ := s.ServeXMLRPC(system, body, nil)
		b.SetBytes(int64(len(response)))
		done()
	}
}

// TestEveryMethodAnswers calls every method: each has a result that is not nil, or a fault.
// covers: 2.1-04
func TestEveryMethodAnswers(t *testing.T) {
	s := serve(t, program("a", "/bin/sleep 1000", "a"))
	for name, method := range s.methods {
		server := s
		if name == "supervisor.restart" || name == "supervisor.shutdown" { // it answers no more afterwards
			server = serve(t)
		}
		var params []any
		for _, p := range method.Params {
			params = append(params, map[string]any{"string": "a", "int": 0, "boolean": true, "signal": "CONT", "array": []any{}, "struct": map[string]any{}}[p.Type])
		}
		v, fault := call(t, server, name, params...)
		if fault == "" && v.Kind == xmlrpc.Nil || strings.HasPrefix(fault, "status ") {
			t.Errorf("%s: %v, %q", name, v, fault)
		}
	}
}
