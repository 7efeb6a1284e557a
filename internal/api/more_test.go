package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMoreMembers holds the fields of ProcessMore against the table: each field has a row of the same place that leads to it,
// of the name in its tags.
func TestMoreMembers(t *testing.T) {
	var more ProcessMore
	v := reflect.ValueOf(&more).Elem()
	if v.NumField() != len(MoreMembers) {
		t.Fatalf("%d fields, %d rows", v.NumField(), len(MoreMembers))
	}
	for i, m := range MoreMembers {
		var at any
		switch {
		case m.Text != nil:
			at = m.Text(&more)
		case m.Flag != nil:
			at = m.Flag(&more)
		default:
			at = m.Number(&more)
		}
		tags := v.Type().Field(i).Tag
		if at != v.Field(i).Addr().Interface() || tags.Get("xmlrpc") != m.Name || tags.Get("json") != m.Name+",omitempty" {
			t.Errorf("%s: row %+v", v.Type().Field(i).Name, m)
		}
		if m.Help == "" || m.Of == "" {
			t.Errorf("%s has no help", m.Name)
		}
	}
}

// TestProcessJSON shows that a process without optional members has none in JSON, and that others are read back.
func TestProcessJSON(t *testing.T) {
	for _, info := range []ProcessInfo{{Name: "a"}, {Name: "a", More: &ProcessMore{Reason: "unhealthy (x)", Restarts: new(0), Ready: new(false)}}} {
		text, err := json.Marshal(info)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(text), `"stderr_logfile":"","ready":false,"reason":"unhealthy (x)","restarts":0}`); got != (info.More != nil) {
			t.Errorf("%s", text)
		}
		var back ProcessInfo
		if err := json.Unmarshal(text, &back); err != nil || !cmp.Equal(info, back) {
			t.Errorf("%v\n%s", err, cmp.Diff(info, back))
		}
	}
}

// TestReason shows the text of reasons, and which clients see.
func TestReason(t *testing.T) {
	for why, want := range map[Why]bool{"": false, WhyExit: false, WhySignal: false, WhyOOM: false, WhySpawn: false,
		WhyRequest: true, WhyNotReady: true, WhyUnhealthy: true, WhyWatchdog: true, WhyMemory: true} {
		if got := (Reason{Why: why}).ByDaemon(); got != want {
			t.Errorf("%s by supervisord: %v", why, got)
		}
	}
	for r, want := range map[Reason]string{{}: "", {Why: WhyRequest}: "", {Why: WhyExit}: "", {Why: WhySpawn}: "spawn",
		{WhyUnhealthy, "HTTP 503"}: "unhealthy (HTTP 503)"} {
		if got := r.String(); r.Shown() != (want != "") || r.Shown() && got != want {
			t.Errorf("%+v: %q, shown: %v", r, got, r.Shown())
		}
	}
}
