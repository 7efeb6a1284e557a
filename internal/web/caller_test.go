package web

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/operations"
)

var update = flag.Bool("update", false, "write the pages that tests expect")

// samplePages are pages with fixed content, for a caller.
func samplePages(caller *callerInfo, may may) map[string]any {
	d := daemonInfo{Identifier: "production", Host: "h", Version: "1", Uptime: "0:00:05", Started: 1, Now: 6, Token: "TOKEN", Caller: caller, May: may}
	at := time.Unix(6, 0)
	running := view("t", "t", api.Running)
	running.PID, running.Start, running.Description, running.StderrLogfile = 7, 1, "pid 7, uptime 0:00:05", "/e"
	snap := operations.Snapshot{Processes: []operations.ProcessView{view("g", "a", api.Fatal), view("g", "b", api.Stopped), view("s", "s", api.Starting), running}}
	f := filter{Query: "x", State: "fatal"}
	main := tailPage{daemonInfo: d, Title: "main log", Limit: 1024, Text: "line\n", Stream: "mainlogtail", Download: "mainlogfile"}
	program := main
	program.Process, program.Title, program.Stream, program.Download, program.Message = "t", "tail of process t", "logtail/t/stdout", "logfile/t/stdout", "done"
	return map[string]any{
		"status": statusPage{daemonInfo: d, Instance: "I", Layout: 1, Since: 2, Groups: groupsOf(operations.Snapshot{At: at, Processes: snap.Processes}, filter{}, may),
			States: []count{{"", 4}, {"fatal", 1}}, Total: 4},
		"status-filter": statusPage{daemonInfo: d, Instance: "I", Filter: f, Message: "ERROR: x", Failed: true, Groups: groupsOf(snap, f, may), Total: 4},
		"status-empty":  statusPage{daemonInfo: d, Instance: "I"},
		"tail":          program,
		"tail-main":     main,
		"confirm":       confirmPage{daemonInfo: d, Question: "Stop?", Action: "stop", Target: "t", Button: "Stop", Back: "./", Process: "t", Again: true, Filter: f},
		"refused":       refusedPage{daemonInfo: d},
	}
}

func rendered(t *testing.T, name string, data any) string {
	t.Helper()
	page, _, _ := strings.Cut(name, "-")
	var b bytes.Buffer
	if err := pages().ExecuteTemplate(&b, page+".html", data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPagesWithoutUsers compares the pages of a server without users and roles with those of the version before there were any.
func TestPagesWithoutUsers(t *testing.T) {
	for name, data := range samplePages(callerOf(&access.Caller{Role: access.Full}), everything) {
		got := rendered(t, name, data)
		file := filepath.Join("testdata", "pages", name+".html")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestPagesOfRoles renders each page for each kind of caller.
func TestPagesOfRoles(t *testing.T) {
	for _, c := range []struct {
		caller       callerInfo
		may          may
		shown        []string
		has, without []string
	}{
		{callerInfo{Name: "<eve>", Role: access.Read, LogOut: true, Link: "L"}, may{MainLog: true}, []string{
			"<b>&lt;eve&gt;</b> <span class=\"role\" title=\"role\">read</span>", `href="signout.html?link=L"`}, []string{"maintail.html"},
			[]string{"<button name=", "data-confirm", "<kbd>s</kbd>", "signin"}},
		{callerInfo{Role: access.Read, LogIn: true}, may{}, []string{"not signed in <", `href="signin.html"`}, nil,
			[]string{"<button name=", "data-confirm", "maintail.html\">", "signout"}},
		{callerInfo{Role: access.Control, ByCert: true}, may{Control: true}, []string{">certificate <"},
			[]string{`<button name="restart"`, `<button name="stop"`, `<button name="start"`, "action=stopall", "action=stopgroup", "<kbd>s</kbd>"},
			[]string{"maintail.html\">", "signout", "signin"}},
	} {
		for name, data := range samplePages(&c.caller, c.may) {
			got := rendered(t, name, data)
			for _, text := range c.shown {
				if !strings.Contains(got, text) {
					t.Errorf("%+v: %s does not contain %s", c.caller, name, text)
				}
			}
			for _, text := range c.has {
				if name == "status" && !strings.Contains(got, text) {
					t.Errorf("%+v: the status page does not contain %s", c.caller, text)
				}
			}
			for _, text := range c.without {
				if strings.Contains(got, text) {
					t.Errorf("%+v: %s contains %s", c.caller, name, text)
				}
			}
		}
	}
}

// TestActionNames holds the list with which other tests ask for every action.
func TestActionNames(t *testing.T) {
	text, err := os.ReadFile("roles_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range actions {
		names = append(names, a.name)
		if a.role == access.NoRole {
			t.Errorf("%s has no least role", a.name)
		}
	}
	if list := strings.Join(names, " "); !strings.Contains(string(text), `"`+list+`"`) {
		t.Errorf("actionNames is not %q", list)
	}
	for name, p := range pageTable {
		if p.role == access.NoRole {
			t.Errorf("%s has no least role", name)
		}
		// TestSignOut is about the one that refuses what it allows.
		if name != "" && name != "signout.html" && !strings.Contains(string(text), `{"`+name) {
			t.Errorf("TestEveryPageAndRole lacks %s", name)
		}
	}
}

// TestSignOuts checks that a link counts once, and that old ones are forgotten.
func TestSignOuts(t *testing.T) {
	var s signOuts
	if !s.first("a") || s.first("a") || !s.first("b") || s.first("a") {
		t.Error("a link does not work once")
	}
	for i := range maxSignOuts {
		s.first(strings.Repeat("x", i+1))
	}
	if !s.first("a") || len(s.used) != maxSignOuts {
		t.Errorf("%d links are remembered", len(s.used))
	}
}
