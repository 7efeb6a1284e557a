package ctl

import (
	"bufio"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

// TestVerbose shows the lines of status --verbose: all that apply, in their order, without control characters.
func TestVerbose(t *testing.T) {
	var out strings.Builder
	w := bufio.NewWriter(&out)
	c := &Controller{out: w}
	at := time.Date(2026, 11, 28, 3, 0, 0, 0, time.Local)
	c.printVerbose([]api.ProcessInfo{
		{Group: "a", Name: "a", StateName: "RUNNING", Description: "pid 1"},
		{Group: "b", Name: "b", StateName: "EXITED", Description: "x", More: &api.ProcessMore{WaitsFor: "db:ready (STARTING)", Health: "unhealthy",
			HealthText: "HTTP 503", StatusText: "a\x1b[31m\nb", Reason: "unhealthy (HTTP 503)", NextStart: new(int(at.Unix())),
			Stale: "command", Disabled: new(true), Restarts: new(3), Limits: "nice 5, no_new_privs"}},
		{Group: "c", Name: "c", StateName: "RUNNING", Description: "pid 2", More: &api.ProcessMore{Health: "unhealthy", HealthText: "HTTP 503",
			HealthSince: new(int(at.Unix())), HealthCheck: "liveness"}},
		{Group: "d", Name: "d", StateName: "RUNNING", Description: "pid 3", More: &api.ProcessMore{Health: "healthy",
			HealthSince: new(int(at.Unix()))}},
		{Group: "e", Name: "e", StateName: "RUNNING", Description: "pid 4", More: &api.ProcessMore{Health: "unknown"}},
	})
	w.Flush()
	want := "a                                RUNNING   pid 1\n" +
		"b                                EXITED    x\n" +
		"  health     unhealthy, HTTP 503\n" +
		"  waits for  db:ready (STARTING)\n" +
		"  status     a\\x1b[31m\\nb\n" +
		"  next start 2026-11-28 03:00:00\n" +
		"  reason     unhealthy (HTTP 503)\n" +
		"  changed    command (from the next start)\n" +
		"  disabled   yes\n" +
		"  limits     nice 5, no_new_privs\n" +
		"c                                RUNNING   pid 2\n" +
		"  health     unhealthy since 2026-11-28 03:00:00, liveness: HTTP 503\n" +
		"d                                RUNNING   pid 3\n" +
		"  health     healthy since 2026-11-28 03:00:00\n" +
		"e                                RUNNING   pid 4\n" +
		"  health     unknown\n"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
