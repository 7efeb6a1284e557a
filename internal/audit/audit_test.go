package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/logs"
)

var at = time.Date(2026, 11, 27, 14, 49, 8, 123456789, time.FixedZone("", 3600))

func TestEntry(t *testing.T) {
	for _, c := range []struct {
		entry Entry
		want  string
	}{
		{Entry{Time: at, User: "alice", By: access.ByPassword, From: "10.0.0.5:41234", Role: access.Control, Server: "inet_http_server", Via: RPC,
			Action: "supervisor.stopProcess", Target: "web", Result: "ok", Took: 12900 * time.Microsecond},
			`{"time":"2026-11-27T13:49:08.123Z","user":"alice","by":"password","from":"10.0.0.5:41234","role":"control",` +
				`"server":"inet_http_server","via":"rpc","action":"supervisor.stopProcess","target":"web","result":"ok","ms":12}`},
		{Entry{Time: at, Via: Signal, Action: "SIGHUP", Result: "ok", Took: -1},
			`{"time":"2026-11-27T13:49:08.123Z","via":"signal","action":"SIGHUP","result":"ok","ms":0}`},
		{Entry{Time: at, By: access.ByNothing, OnBehalf: "carol", Via: Web, Target: "a\n\"\x1b\xff", Omitted: 3},
			`{"time":"2026-11-27T13:49:08.123Z","by":"anonymous","on_behalf":"carol","via":"web","target":"a\n\"\u001b�","ms":0,"omitted":3}`},
		{Entry{Time: at, Via: RPC, Target: strings.Repeat("ä", 200)},
			`{"time":"2026-11-27T13:49:08.123Z","by":"anonymous","via":"rpc","target":"` + strings.Repeat("ä", 128) + `...","ms":0}`},
	} {
		if diff := cmp.Diff(c.want+"\n", string(c.entry.Append(nil))); diff != "" {
			t.Error(diff)
		}
	}
}

// FuzzEntry checks that any text of a client is one line, and an object that has it.
func FuzzEntry(f *testing.F) {
	f.Add("a", "b\n{}")
	f.Add("\x00\xff\u2028", strings.Repeat("é", 300))
	f.Fuzz(func(t *testing.T, user, target string) {
		line := (&Entry{Time: at, User: user, Via: RPC, Target: target}).Append(nil)
		if bytes.IndexByte(line, '\n') != len(line)-1 || len(line) > 20*maxText || bytes.ContainsFunc(line[:len(line)-1], func(r rune) bool { return r < ' ' }) {
			t.Fatalf("%q", line)
		}
		var got struct{ User, Target string }
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(user) && len(user) <= maxText && got.User != user {
			t.Errorf("%q is %q", user, got.User)
		}
	})
}

// testLog makes a log in a file.
func testLog(t *testing.T, reads bool) (l *Log, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "audit.log")
	l = New(logs.NewMain(os.Stderr, api.Info))
	if err := l.Open(Options{logs.TrailOptions{What: "audit log", Path: path}, reads}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l, path
}

// actions returns the actions and results in a file.
func actions(t *testing.T, path string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var e struct {
			Action, Result string
			Omitted        int
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.TrimSuffix(fmt.Sprintf("%s %s %d", e.Action, e.Result, e.Omitted), " 0"))
	}
	return list
}

func TestWhatIsRecorded(t *testing.T) {
	for _, reads := range []bool{false, true} {
		l, path := testLog(t, reads)
		ctx := access.With(context.Background(), access.System)
		for _, role := range []access.Role{access.Metrics, access.Read, access.Control, access.Full} {
			c := l.Begin(ctx, RPC, role, role.String(), "")
			c.End("ok")
		}
		c := l.Begin(ctx, RPC, access.Read, "refused", "")
		c.Refuse("fault 5")
		l.Close()
		c.End("late")
		l.Signal("SIGHUP", "ok")
		want := []string{"control ok", "full ok", "refused fault 5"}
		if reads {
			want = append([]string{"metrics ok", "read ok"}, want...)
		}
		if diff := cmp.Diff(want, actions(t, path)); diff != "" {
			t.Error(diff)
		}
	}
	var none *Log
	c := none.Begin(context.Background(), RPC, access.Full, "", "")
	c.Waits()
	c.End("ok")
	c.Refuse("")
	none.Login("", "", access.ByToken, "", Web, "")
	none.Signal("", "")
}

// TestLimit checks that refusals beyond the limit of a minute are counted, and said with the next one that is recorded.
func TestLimit(t *testing.T) {
	var m limit
	for i := range maxRefusals + 5 {
		if _, ok := m.next(at.Add(time.Duration(i))); ok != (i < maxRefusals) {
			t.Fatalf("%d: %v", i, ok)
		}
	}
	if _, ok := m.next(at.Add(refusalPeriod - 1)); ok {
		t.Error("the minute is not over")
	}
	if omitted, ok := m.next(at.Add(refusalPeriod)); !ok || omitted != 6 {
		t.Errorf("%d, %v", omitted, ok)
	}
	if omitted, ok := m.next(at.Add(refusalPeriod)); !ok || omitted != 0 {
		t.Errorf("%d, %v", omitted, ok)
	}
}

// TestHandover hands a log over while refusals are left out.
func TestHandover(t *testing.T) {
	l, path := testLog(t, true)
	l.Signal("SIGUSR2", "ok")
	l.limit = limit{begun: time.Now(), count: maxRefusals, omitted: 7}
	if err := os.Rename(path, path+".moved"); err != nil { // the next program goes on in the open file
		t.Fatal(err)
	}
	l.Freeze()
	w := handover.NewWriter("1")
	w.Put("audit", l.Export(w))
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	l.Thaw()
	r, err := handover.Read(text, "1", false)
	if err != nil {
		t.Fatal(err)
	}
	var s State
	r.Get("audit", &s)
	next := Import(r, s, logs.NewMain(os.Stderr, api.Info))
	l.trail.Store(nil) // its descriptor is the next one's
	if err := r.Complete(); err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	if !next.reads.Load() || next.Path() != path || next.limit.omitted != 7 {
		t.Errorf("%+v", &next.options)
	}
	next.Login("", "", access.ByPassword, "", Web, "status 401")
	next.limit.begun = time.Now().Add(-refusalPeriod)
	next.Login("", "", access.ByPassword, "", Web, "status 401")
	if diff := cmp.Diff([]string{"SIGUSR2 ok", "login status 401 8"}, actions(t, path+".moved")); diff != "" {
		t.Error(diff)
	}
}
