package main

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/rpc"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// TestMain is the plug-in, or a listener, if a supervisord of the test started it as one.
func TestMain(m *testing.M) {
	switch {
	case childutils.Namespace() != "":
		main()
	case os.Getenv("LISTENER_FILE") != "":
		listen(os.Getenv("LISTENER_FILE"))
	default:
		os.Exit(m.Run())
	}
}

// listen writes the name and the payload of each event to a file.
func listen(path string) {
	l := childutils.NewListener(os.Stdin, os.Stdout)
	for {
		e, err := l.Next()
		if err != nil {
			os.Exit(0)
		}
		if err := os.WriteFile(path+".tmp", []byte(e.Name()+" "+e.Payload), 0o600); err != nil {
			os.Exit(1)
		}
		if err := os.Rename(path+".tmp", path); err != nil {
			os.Exit(1)
		}
		if err := l.OK(); err != nil {
			os.Exit(1)
		}
	}
}

// TestUnderSupervisord runs the sample as documented, with a program that crashes, and a listener.
func TestUnderSupervisord(t *testing.T) {
	dir, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	received := filepath.Join(dir, "received")
	text := "[supervisord]\nchildlogdir=" + dir + "\nlogfile=" + dir + "/main.log\n" +
		"[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=" + config.MainInterface + "\n" +
		"[rpcinterface:crashes]\ncommand=" + self + "\nevents=PROCESS_STATE_EXITED,PROCESS_STATE_BACKOFF\n" +
		"event_types=CRASH_LOOP\nlimit=2\nseconds=3600\nstartsecs=0\n" +
		"[eventlistener:l]\ncommand=" + self + "\nenvironment=LISTENER_FILE=\"" + received + "\"\nevents=CRASH_LOOP\nstartsecs=0\n" +
		"[program:bad]\ncommand=/bin/sh -c 'exit 3'\nstartsecs=0\nautostart=false\nautorestart=false\n"
	path := filepath.Join(dir, "sd.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	call := start(t, path)
	for range 2 {
		if got, fault := call("supervisor.startProcess", "bad"); fault != nil && fault.Text != "SPAWN_ERROR: bad" {
			t.Fatalf("%v, %v", got, fault)
		}
		for v, _ := call("supervisor.getProcessInfo", "bad"); member(v, "pid").Number != 0; {
			v, _ = call("supervisor.getProcessInfo", "bad")
		}
	}
	wait(t, func() bool { v, _ := call("crashes.count", "bad"); return v.Number == 2 })
	wait(t, func() bool {
		text, _ := os.ReadFile(received)
		return string(text) == "CRASH_LOOP process:bad crashes:2"
	})
	if v, fault := call("crashes.all"); member(v, "bad").Number != 2 {
		t.Errorf("%+v, %v", v, fault)
	}
	if _, fault := call("crashes.count", "good"); fault == nil || *fault != (api.Fault{Code: 10, Text: "BAD_NAME: good"}) {
		t.Errorf("%v", fault)
	}
	if v, _ := call("system.methodHelp", "crashes.count"); v.Text != "Return the number of crashes of a process." {
		t.Errorf("%+v", v)
	}
	if _, fault := call("crashes.reset"); fault != nil {
		t.Errorf("%v", fault)
	}
	if v, fault := call("crashes.all"); fault != nil || len(v.Members) != 0 {
		t.Errorf("%+v, %v", v, fault)
	}
}

func member(v xmlrpc.Value, name string) xmlrpc.Value { v, _ = v.Get(name); return v }

// wait looks until the condition holds. What it looks at are calls, which take their time.
func wait(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("it did not come about within a minute")
		}
	}
}

// start runs a supervisord until the end of the test; call calls a method.
func start(t *testing.T, path string) (call func(method string, params ...any) (xmlrpc.Value, *api.Fault)) {
	t.Helper()
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
	log, err := logs.OpenMain(logs.MainOptions{Path: cfg.Supervisord.Logfile, Level: api.Info})
	if err != nil {
		t.Fatal(err)
	}
	sup, err := supervisor.New(supervisor.Options{Config: cfg, Log: log, Chld: chld, Start: child.Start})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { sup.Run(nil, nil); close(ended) }()
	t.Cleanup(func() {
		_ = sup.Do((*supervisor.Loop).Shutdown)
		<-ended
		signal.Stop(chld)
		if t.Failed() {
			text, _ := os.ReadFile(cfg.Supervisord.Logfile)
			t.Logf("%s", text)
		}
	})
	server := rpc.New(sup, cfg.Interfaces...)
	return func(method string, params ...any) (xmlrpc.Value, *api.Fault) {
		t.Helper()
		body, err := kolo.EncodeMethodCall(method, params...)
		if err != nil {
			t.Fatal(err)
		}
		response, done, status := server.ServeXMLRPC(access.With(context.Background(), access.System), body, nil)
		if done != nil {
			defer done()
		}
		if status != http.StatusOK {
			t.Fatalf("%s: status %d", method, status)
		}
		v, fault, err := xmlrpc.ParseResponse(response)
		if err != nil {
			t.Fatal(err)
		}
		return v, fault
	}
}
