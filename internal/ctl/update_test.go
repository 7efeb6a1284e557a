package ctl

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

func actions(list ...api.UpdateAction) answer {
	return func(e *xmlrpc.Encoder) (int, string) {
		e.BeginArray()
		for _, a := range list {
			e.BeginStruct()
			for _, m := range api.UpdateMembers {
				e.Member(m.Name)
				if m.Text != nil {
					e.String(*m.Text(&a))
				} else {
					e.Int(int64(*m.Number(&a)))
				}
			}
			e.EndStruct()
		}
		e.EndArray()
		return 0, ""
	}
}

// TestUpdateActions shows the lines and the exit status for each action, as it is planned, done and failed.
func TestUpdateActions(t *testing.T) {
	const stillRunning = "STILL_RUNNING: g"
	for _, c := range []struct {
		action        api.UpdateAction
		planned, done string
		status        int
	}{
		{api.UpdateAction{Action: api.UpdateRemove, Group: "g"}, "g: would be removed", "g: stopped\ng: removed process group", 0},
		{api.UpdateAction{Action: api.UpdateRemove, Group: "g", Process: "p"}, "g:p: would be removed", "g:p: stopped\ng:p: removed", 0},
		{api.UpdateAction{Action: api.UpdateReplace, Group: "g", Keys: "command, socket"}, "g: would be updated (command, socket)",
			"g: stopped\ng: updated process group", 0},
		{api.UpdateAction{Action: api.UpdateReplace, Group: "g", Running: 1}, "g: would be updated, restarting 1 process",
			"g: stopped\ng: updated process group", 0},
		{api.UpdateAction{Action: api.UpdateReplace, Group: "g", Running: 4, Keys: "stopwaitsecs"},
			"g: would be updated, restarting 4 processes (stopwaitsecs)", "g: stopped\ng: updated process group", 0},
		{api.UpdateAction{Action: api.UpdateChange, Group: "g", Keys: "priority"}, "g: would change in place (priority)",
			"g: changed in place (priority)", 0},
		{api.UpdateAction{Action: api.UpdateRestart, Group: "p", Process: "p", Keys: "command"}, "p: would restart (command)",
			"p: stopped\np: started", 0},
		{api.UpdateAction{Action: api.UpdateStart, Group: "p", Process: "p"}, "p: would start", "p: started", 0},
		{api.UpdateAction{Action: api.UpdateLater, Group: "p", Process: "p", Keys: "command"}, "p: would change at its next start (command)",
			"p: changes at its next start (command)", 0},
		{api.UpdateAction{Action: api.UpdateLater, Group: "g", Keys: "socket"}, "g: would change with its next update that may restart it (socket)",
			"g: changes with its next update that may restart it (socket)", 0},
		{api.UpdateAction{Action: api.UpdateAdd, Group: "g"}, "g: would be added", "g: added process group", 0},
		{api.UpdateAction{Action: api.UpdateAdd, Group: "g", Process: "p"}, "g:p: would be added", "g:p: added", 0},
		{api.UpdateAction{Action: api.UpdateRemove, Group: "g", Status: api.StillRunning, Text: stillRunning}, "g: would be removed",
			"g: ERROR (STILL_RUNNING: g)", 1},
		{api.UpdateAction{Action: api.UpdateAdd, Group: "g", Status: api.Failed, Text: "FAILED: no socket"}, "g: would be added",
			"g: ERROR (no socket)", 1},
		{api.UpdateAction{Action: api.UpdateRestart, Group: "p", Process: "p", Status: api.SpawnError, Text: "SPAWN_ERROR: p"}, "p: would restart",
			"p: ERROR (spawn error)", 7},
		{api.UpdateAction{Action: api.UpdateStart, Group: "p", Process: "p", Status: api.AbnormalTermination}, "p: would start",
			"p: ERROR (abnormal termination)", 7},
	} {
		planned := c.action
		planned.Status, planned.Text = 0, ""
		if c.action.Status == 0 {
			c.action.Status = api.Success
		}
		f := startFake(t, map[string]answer{"planConfig": actions(planned), "updateConfig": actions(c.action)})
		out, _, status := runOurs(f.URL, "", "update --minimal")
		if d := cmp.Diff(c.done+"\n", out); d != "" || status != c.status {
			t.Errorf("%+v: status %d (-want +got):\n%s", c.action, status, d)
		}
		out, _, status = runOurs(f.URL, "", "update --dry-run")
		if d := cmp.Diff(c.planned+"\n", out); d != "" || status != 0 {
			t.Errorf("%+v: status %d (-want +got):\n%s", c.action, status, d)
		}
	}
}

// TestUpdateOptions shows the calls for options and names, and what a server without the methods leads to.
func TestUpdateOptions(t *testing.T) {
	unknown := map[string]answer{"planConfig": fault(1, "UNKNOWN_METHOD"), "updateConfig": fault(1, "UNKNOWN_METHOD")}
	add := map[string]answer{
		"planConfig":        actions(api.UpdateAction{Action: api.UpdateAdd, Group: "new"}, api.UpdateAction{Action: api.UpdateRemove, Group: "a"}),
		"updateConfig":      actions(api.UpdateAction{Action: api.UpdateNone, Group: "no", Status: api.BadName, Text: "BAD_NAME: no"}),
		"getAllProcessInfo": infos([4]any{"a", "a", "RUNNING", 20}),
	}
	for _, c := range []struct {
		line    string
		answers map[string]answer
		out     string
		status  int
		calls   string
	}{
		{"update --minimal", unknown, "ERROR: the server cannot do this: supervisor.updateConfig\n", 1, "updateConfig"},
		{"update --dry-run", unknown, "ERROR: the server cannot do this: supervisor.planConfig\n", 1, "planConfig"},
		{"update --no-start a", map[string]answer{"updateConfig": fault(92, "CANT_REREAD: bad")}, "ERROR: CANT_REREAD: bad\n", 1, "updateConfig"},
		{"update --no-restart all", map[string]answer{"updateConfig": fault(6, "SHUTDOWN_STATE")}, "ERROR: already shutting down\n", 1, "updateConfig"},
		{"update --minimal no", add, "ERROR: no such group: no\n", 1, "updateConfig"},
		{"update --dry-run --minimal no new", add, "ERROR: no such group: no\nnew: would be added\n", 1, "planConfig, getAllProcessInfo"},
		{"update --minimal", map[string]answer{"updateConfig": actions()}, "", 0, "updateConfig"},
	} {
		f := startFake(t, c.answers)
		out, stderr, status := runOurs(f.URL, "", c.line)
		var names []string
		for _, call := range f.calls {
			name, _, _ := strings.Cut(call, " ")
			names = append(names, name)
		}
		if out != c.out || status != c.status || strings.Join(names, ", ") != c.calls {
			t.Errorf("%s: %q %q, status %d, calls %v", c.line, out, stderr, status, f.calls)
		}
	}
}
