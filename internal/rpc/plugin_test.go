package rpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// running runs a Supervisor with this configuration until the end of the test.
func running(t *testing.T, text string) *Server {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sd.conf")
	if err := os.WriteFile(path, []byte("[supervisord]\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := config.ParseArgs("/usr/bin/supervisord", []string{"-c", path})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(o, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	sup, err := supervisor.New(supervisor.Options{Config: cfg, Log: logs.NewMain(new(bytes.Buffer), api.Info), Chld: chld,
		Start: child.Start, ReadConfig: func(*config.Scaling) (*config.Config, error) { return cfg, nil }})
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
	return New(sup, cfg.Interfaces...)
}

// TestPluginMethods calls the methods of a plug-in, alone and in a multicall, and asks for their help and signatures.
func TestPluginMethods(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	p := childutils.NewPluginIn("x")
	p.Handle(childutils.Method{Name: "echo", Help: "Return the text.", Types: []string{"string", "string"},
		Do: func(_ context.Context, params []any) (any, error) { return params[0], nil }})
	p.Handle(childutils.Method{Name: "emitEvent", Help: "Replaced by ours."})
	entered, over := make(chan struct{}), make(chan struct{})
	p.Handle(childutils.Method{Name: "slow", Do: func(context.Context, []any) (any, error) {
		close(entered)
		<-over
		return "slow", nil
	}})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { _ = p.Serve(ctx, l) }()
	s := running(t, "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory="+config.MainInterface+"\n"+
		"[rpcinterface:x]\nurl=unix://"+path+"\nevent_types=DISK\n"+
		"[rpcinterface:down]\nurl=unix://"+path+".none\nevent_types=DISK\n")
	ask := func(method string, params ...any) string {
		v, fault := call(t, s, method, params...)
		if fault != "" {
			return fault
		}
		if v.Kind == xmlrpc.Array {
			var texts []string
			for _, item := range v.Items {
				texts = append(texts, item.Text)
			}
			return strings.Join(texts, " ")
		}
		return v.Text
	}
	for _, c := range []struct {
		method string
		params []any
		want   string
	}{
		{"x.echo", []any{"hi <there>"}, "hi <there>"},
		{"x.echo", nil, "2 INCORRECT_PARAMETERS"},
		{"x.nope", nil, "1 UNKNOWN_METHOD"},
		{"x", nil, "1 UNKNOWN_METHOD"},
		{"x.", nil, "1 UNKNOWN_METHOD"},
		{"x.echo.echo", nil, "1 UNKNOWN_METHOD"},
		{"nope.echo", nil, "1 UNKNOWN_METHOD"},
		{"system.methodHelp", []any{"x.echo"}, "Return the text."},
		{"system.methodHelp", []any{"x.nope"}, "4 SIGNATURE_UNSUPPORTED"},
		{"system.methodHelp", []any{"nope.nope"}, "4 SIGNATURE_UNSUPPORTED"},
		{"system.methodHelp", []any{"x.emitEvent"}, emitEvent.help()},
		{"system.methodSignature", []any{"x.echo"}, "string string"},
		{"system.methodSignature", []any{"x.emitEvent"}, "boolean string string"},
		{"x.emitEvent", []any{"DISK", "x"}, ""},
		{"x.emitEvent", []any{"TICK_5", "x"}, "10 BAD_NAME: TICK_5"},
		{"x.emitEvent", []any{"DISK"}, "2 INCORRECT_PARAMETERS"},
		{"down.echo", nil, "30 FAILED: plug-in down did not answer: dial unix " + path + ".none: connect: no such file or directory"},
	} {
		if got := ask(c.method, c.params...); got != c.want {
			t.Errorf("%s%v\n got %s\nwant %s", c.method, c.params, got, c.want)
		}
	}
	slow := make(chan string)
	go func() { slow <- ask("x.slow") }()
	<-entered // a call that waits for the plug-in does not delay others
	if got := s.Busy(); got != "x.slow" {
		t.Errorf("busy: %q", got)
	}
	if v, fault := call(t, s, "supervisor.getState"); fault != "" || len(v.Members) != 2 || ask("x.echo", "fast") != "fast" {
		t.Errorf("%+v, %s", v, fault)
	}
	methods := ask("system.listMethods")
	close(over)
	if got := <-slow; got != "slow" {
		t.Errorf("%s", got)
	}
	if !strings.HasPrefix(methods, "down.emitEvent supervisor.") || !strings.Contains(methods, " system.multicall x.echo x.emitEvent x.slow supervisor.") {
		t.Errorf("%s", methods)
	}
	calls := []any{map[string]any{"methodName": "x.echo", "params": []any{"a"}}, map[string]any{"methodName": "x.echo", "params": []any{}}}
	v, _ := call(t, s, "system.multicall", calls)
	if len(v.Items) != 2 || v.Items[0].Text != "a" {
		t.Fatalf("%+v", v)
	}
	if code, _ := v.Items[1].Get("faultCode"); code.Number != 2 {
		t.Errorf("%+v", v)
	}
	_ = s.sup.Do((*supervisor.Loop).Shutdown)
	if got := ask("x.echo", "late"); got != "6 SHUTDOWN_STATE" && got != "status 0" {
		t.Errorf("during a shutdown: %s", got)
	}
}

// TestPluginError turns errors of plug-ins into faults.
func TestPluginError(t *testing.T) {
	s := serve(t)
	for _, c := range []struct {
		err  error
		want string
	}{
		{&plugin.DownError{Name: "x", State: "FATAL"}, "NOT_RUNNING: plug-in x is FATAL"},
		{plugin.ErrUnknown, "UNKNOWN_METHOD"}, {plugin.ErrClosed, "UNKNOWN_METHOD"}, {new(plugin.CallError), "FAILED"},
		{context.Canceled, "context canceled"},
	} {
		if got := s.pluginError(fmt.Errorf("wrapped: %w", c.err)).Error(); got != c.want && !strings.HasSuffix(got, c.want) {
			t.Errorf("%v: %s", c.err, got)
		}
	}
	_ = s.sup.Do((*supervisor.Loop).Shutdown)
	<-s.sup.Down()
	if err := s.pluginError(plugin.ErrClosed); !errors.Is(err, supervisor.ErrDown) {
		t.Error(err)
	}
}

// TestTwiddler covers cases that are not in scripts.
// differs: DIFF-199 names without control characters
func TestTwiddler(t *testing.T) {
	s := running(t, "[rpcinterface:tw]\nsupervisor.rpcinterface_factory="+config.Twiddler+"\n[group:g]\nprograms=\n")
	before := s.sup.Version()
	call(t, s, "tw.getGroupNames")
	if _, fault := call(t, s, "tw.addProgramToGroup", "nope", "p", map[string]any{}); fault != "10 BAD_NAME: group: nope" {
		t.Error(fault)
	}
	if now := s.sup.Version(); now != before {
		t.Errorf("version %d after reads, %d before", now, before)
	}
	for _, c := range []struct {
		options any
		want    string
	}{
		{map[string]any{"command": "/bin/cat", "autostart": false, "startsecs": 0}, ""},
		{map[string]any{"command": "/bin/cat"}, "10 BAD_NAME: p"},
		{map[string]any{"command": []any{"x"}}, "2 INCORRECT_PARAMETERS"},
		{[]any{}, "2 INCORRECT_PARAMETERS"},
		{"command=x", "2 INCORRECT_PARAMETERS: command=x"},
	} {
		if _, fault := call(t, s, "tw.addProgramToGroup", "g", "p", c.options); fault != c.want {
			t.Errorf("%v: %s, want %s", c.options, fault, c.want)
		}
	}
	name := map[string]any{"command": "/bin/cat", "process_name": "a\nb"}
	if _, fault := call(t, s, "tw.addProgramToGroup", "g", "q", name); fault != `2 INCORRECT_PARAMETERS: control character in name 'a\nb'` {
		t.Error(fault)
	}
	for _, c := range []struct {
		level any
		want  string
	}{{"crit", ""}, {"BLAT", ""}, {3, ""}, {4, "2 INCORRECT_PARAMETERS"}, {"", "2 INCORRECT_PARAMETERS"}, {true, "2 INCORRECT_PARAMETERS: True"}} {
		if _, fault := call(t, s, "tw.log", "text", c.level); fault != c.want {
			t.Errorf("%v: %s, want %s", c.level, fault, c.want)
		}
	}
	v, _ := call(t, s, "system.methodSignature", "tw.log")
	var types []string
	for _, item := range v.Items {
		types = append(types, item.Text)
	}
	if d := cmp.Diff([]string{"boolean", "string", "string|int"}, types); d != "" {
		t.Error(d)
	}
}

// TestCheck refuses keys that an interface does not have.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		factory, key string
		ok           bool
	}{{config.MainInterface, "", true}, {config.MainInterface, "x", false}, {config.Twiddler, "whitelist", true}, {config.Twiddler, "x", false}} {
		i := config.Interface{Name: "n", Factory: c.factory}
		if c.key != "" {
			i.Keys = []string{c.key}
		}
		if err := Check([]config.Interface{i}); (err == nil) != c.ok || err != nil && err.Error() != "Could not make n rpc interface" {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
