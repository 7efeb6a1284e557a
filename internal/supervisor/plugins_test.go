package supervisor

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/plugin"
)

// pluginGroup is the group of a plug-in with n processes.
func pluginGroup(name string, n int) *config.Group {
	g := &config.Group{Name: name, Kind: config.PluginGroup, Priority: -2,
		Plugin: &config.Plugin{CallWait: 10, CallLimit: 1, ResultMax: 1000}}
	for i := range n {
		p := program(name).Processes[0]
		p.ProcessName = name + string(rune('0'+i))
		p.Exit.Restart = config.RestartNever
		g.Processes = append(g.Processes, p)
	}
	return g
}

// down is why the plug-in cannot be called; empty if it can.
func down(x *plugin.Plugin) string {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := x.Call(ctx, "x.y", nil)
	if why := (*plugin.DownError)(nil); errors.As(err, &why) {
		return why.State
	}
	return ""
}

// TestPluginState lets a plug-in be called as long as one of its processes can answer.
func TestPluginState(t *testing.T) {
	w := newWorld(t, pluginGroup("x", 2))
	x := w.handle.Plugins()["x"]
	expect := func(what, want string) {
		t.Helper()
		if got := down(x); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	expect("not started", "STOPPED")
	w.settle()
	expect("starting", "")
	w.pass(time.Second)
	expect("running", "")
	w.exit("x0", code(0))
	expect("one of two", "")
	w.exit("x1", code(0))
	expect("none", "EXITED")
	w.Find("x", "x0").Start(w.now)
	expect("again", "")
	w.exit("x0", code(1))
	expect("failing", "BACKOFF")
	w.pass(time.Hour)
	w.Find("x", "x0").Stop(w.now)
	expect("stopping", "STOPPING")
}

// TestPluginGroups publishes plug-ins with their groups and removes their sockets with them.
func TestPluginGroups(t *testing.T) {
	w := newWorld(t)
	w.shared.AutoLogDir = t.TempDir()
	count := func() int {
		entries, err := os.ReadDir(w.shared.AutoLogDir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	if w.handle.Plugins()["x"] != nil {
		t.Fatal("there is none")
	}
	if err := w.AddGroup(PrepareGroup(pluginGroup("x", 1))); err != nil {
		t.Fatal(err)
	}
	if w.handle.Plugins()["x"] == nil {
		t.Fatal("there is one")
	}
	w.RemoveGroup(w.Group("x"))
	if w.handle.Plugins()["x"] != nil || count() != 0 {
		t.Errorf("still there: %v, %d", w.handle.Plugins(), count())
	}
	if err := w.AddGroup(PrepareGroup(pluginGroup("y", 1))); err != nil {
		t.Fatal(err)
	}
	w.removeSockets()
	if count() != 0 {
		t.Error("the socket is left at the end of a run")
	}
}

func TestCredentials(t *testing.T) {
	tcp := config.Server{Host: "h", Port: 1, Username: "t", Password: "p"}
	local := config.Server{Unix: true, File: "/s", Username: "u", Password: "q"}
	hashed, open := local, config.Server{Unix: true, File: "/s"}
	hashed.Password = "{SHA}82ab"
	for _, c := range []struct {
		servers []config.Server
		want    string
	}{
		{nil, ""}, {[]config.Server{tcp}, "t p"}, {[]config.Server{tcp, local}, "u q"}, {[]config.Server{tcp, open}, ""},
		{[]config.Server{tcp, hashed}, ""},
	} {
		got := credentials(c.servers)
		if text := got["SUPERVISOR_USERNAME"] + " " + got["SUPERVISOR_PASSWORD"]; text != c.want && (c.want != "" || got != nil) {
			t.Errorf("%+v: %q", c.servers, text)
		}
	}
}
