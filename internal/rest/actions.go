package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/operations"
)

// options are the members of the body of an action.
type options struct {
	Wait    *bool    `json:"wait"`
	Timeout string   `json:"timeout"`
	Signal  string   `json:"signal"`
	Action  string   `json:"action"`
	Targets []string `json:"targets"`
}

// wait reports whether the caller wants to wait until the action is over.
func (o *options) wait() bool { return o.Wait == nil || *o.Wait }

var (
	waitSchema    = schema{"type": "boolean", "default": true, "description": "answer when the action is over, not when it has begun"}
	timeoutSchema = schema{"type": "string", "description": "such as `30s`: answer with 202 if the action is not over by then; it goes on"}
	signalSchema  = schema{"type": "string", "description": "a signal by name, with or without SIG, or by number"}
)

func bodyOf(required []string, properties schema) schema {
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		s["required"] = required
	}
	return s
}

// readOptions reads the body of an action. It answers the request and returns false if there is a problem: a member that the route does not
// have, or a bad value.
func (q *request) readOptions() (o options, ok bool) {
	if !q.decode(&o) {
		return o, false
	}
	properties, _ := q.route.body["properties"].(schema)
	for name, given := range map[string]bool{"wait": o.Wait != nil, "timeout": o.Timeout != "", "signal": o.Signal != "", "action": o.Action != "",
		"targets": o.Targets != nil} {
		if given && properties[name] == nil {
			q.problem(http.StatusBadRequest, "there is no member "+shown(name))
			return o, false
		}
	}
	required, _ := q.route.body["required"].([]string)
	for _, name := range required {
		if name == "signal" && o.Signal == "" || name == "action" && o.Action == "" || name == "targets" && o.Targets == nil {
			q.problem(http.StatusBadRequest, "the member "+name+" is missing")
			return o, false
		}
	}
	if o.Timeout == "" {
		return o, true
	}
	d, err := time.ParseDuration(o.Timeout)
	if err != nil || d <= 0 {
		q.problem(http.StatusBadRequest, "bad value of timeout: "+shown(o.Timeout)+" is not a duration such as 30s")
		return o, false
	}
	var cancel context.CancelFunc
	q.ctx, cancel = context.WithTimeout(q.ctx, d)
	q.done = cancel
	return o, true
}

// late reports whether the time of the request is over, so that it is answered although the action is not over.
func (q *request) late(err error) bool {
	return errors.Is(err, context.Canceled) && q.r.Context().Err() == nil && errors.Is(q.ctx.Err(), context.DeadlineExceeded)
}

// act performs an action on the process in the path.
func act(a operations.Action) func(*request) {
	return func(q *request) {
		o, ok := q.readOptions()
		if !ok {
			return
		}
		status := http.StatusOK
		if a.Waits() && !o.wait() {
			status = http.StatusAccepted
		}
		err := q.ops.Act(q.ctx, a, q.processName(), o.Signal, o.wait())
		if err != nil && !q.late(err) {
			q.fail(err)
			return
		}
		if err != nil {
			status = http.StatusAccepted
		}
		q.showProcess(status)
	}
}

// result is what became of an action on a process.
type result = api.ProcessStatus

var resultObject = &object[result]{name: "Result", help: "what became of an action on a process", members: []member[result]{
	{"group", "", texts, func(b []byte, r *result) []byte { return appendText(b, r.Group) }},
	{"name", "", texts, func(b []byte, r *result) []byte { return appendText(b, r.Name) }},
	{"ok", "", booleans, func(b []byte, r *result) []byte { return appendBool(b, r.Status == api.Success) }},
	{"code", "the number of the fault, 80 for none", integers, func(b []byte, r *result) []byte { return appendInt(b, r.Status) }},
	{"fault", "its name", orNull(texts), func(b []byte, r *result) []byte {
		if r.Status == api.Success {
			return appendNull(b)
		}
		return appendText(b, (&api.Fault{Code: r.Status}).Name())
	}},
	{"detail", "its text, or OK", texts, func(b []byte, r *result) []byte { return appendText(b, r.Description) }},
}}

var resultsObject = &object[[]result]{name: "Results", help: "what became of an action on several processes", members: []member[[]result]{
	{"results", "", listOf(resultObject.ref()), func(b []byte, list *[]result) []byte { return appendList(b, *list, resultObject.append) }},
}}

// actOn performs an action on what targets mean, and answers with the results; with none if its time is over.
func (q *request) actOn(a operations.Action, targets []string, o options) {
	status := http.StatusOK
	if a.Waits() && !o.wait() {
		status = http.StatusAccepted
	}
	list, err := q.ops.ActOn(q.ctx, a, targets, o.Signal, o.wait())
	switch {
	case err == nil:
	case q.late(err):
		status, list = http.StatusAccepted, nil
	default:
		q.fail(err)
		return
	}
	q.answer(status, resultsObject.append(nil, &list))
}

// actOnGroup performs an action on the group in the path.
func actOnGroup(a operations.Action) func(*request) {
	return func(q *request) {
		o, ok := q.readOptions()
		if !ok {
			return
		}
		if _, err := q.ops.Group(q.args[0]); err != nil {
			q.fail(err)
			return
		}
		q.actOn(a, []string{q.args[0] + ":*"}, o)
	}
}

func (q *request) actions() {
	o, ok := q.readOptions()
	if !ok {
		return
	}
	a := operations.Action(o.Action)
	switch {
	case !slices.Contains(operations.Actions, a):
		q.problem(http.StatusBadRequest, "bad value of action: "+shown(o.Action))
		return
	case a == operations.ActSignal && o.Signal == "":
		q.problem(http.StatusBadRequest, "the member signal is missing")
		return
	case a != operations.ActSignal && o.Signal != "":
		q.problem(http.StatusBadRequest, "the member signal is not one of this action")
		return
	}
	q.actOn(a, o.Targets, o)
}

func (q *request) stdin() {
	text, err := io.ReadAll(q.r.Body)
	if err == nil {
		err = q.ops.SendStdin(q.processName(), string(text))
	}
	if err != nil {
		q.fail(err)
		return
	}
	q.empty()
}

// empty answers without a body.
func (q *request) empty() {
	q.end(http.StatusNoContent)
	q.w.WriteHeader(http.StatusNoContent)
}

func (q *request) addGroup() {
	if err := q.ops.AddGroup(q.args[0]); err != nil {
		q.fail(err)
		return
	}
	g, err := q.ops.Group(q.args[0])
	if err != nil {
		q.fail(err)
		return
	}
	q.answer(http.StatusCreated, groupObject.append(nil, &g))
}

func (q *request) removeGroup() {
	if err := q.ops.RemoveGroup(q.args[0]); err != nil {
		q.fail(err)
		return
	}
	q.empty()
}

// onSupervisord is a route that acts on supervisord.
func onSupervisord(do func(*operations.Service) error) func(*request) {
	return func(q *request) {
		if err := do(q.ops); err != nil {
			q.fail(err)
			return
		}
		state := q.ops.State().String()
		q.answer(http.StatusAccepted, stateObject.append(nil, &state))
	}
}

var stateObject = &object[string]{name: "State", help: "the state of supervisord", members: []member[string]{
	{"state", "", texts, func(b []byte, s *string) []byte { return appendText(b, *s) }},
}}

// changes are the groups that a new reading adds, changes and removes.
type changes struct{ added, changed, removed []string }

var changesObject = &object[changes]{name: "Changes", help: "how the configuration differs from the active groups", members: []member[changes]{
	{"added", "groups", listOf(texts), func(b []byte, c *changes) []byte { return appendTexts(b, c.added) }},
	{"changed", "groups", listOf(texts), func(b []byte, c *changes) []byte { return appendTexts(b, c.changed) }},
	{"removed", "groups", listOf(texts), func(b []byte, c *changes) []byte { return appendTexts(b, c.removed) }},
}}

func (q *request) reread() {
	d, err := q.ops.Reload()
	if err != nil {
		q.fail(err)
		return
	}
	q.answer(http.StatusOK, changesObject.append(nil, &changes{d.Added, d.Changed, d.Removed}))
}

// actionRoutes are those that change something.
var actionRoutes = slices.Concat(actionsOnProcess(), []route{
	{method: "POST", path: "/processes/{group}/{name}/stdin", role: access.Control, help: "Writes bytes to the standard input of a process.",
		binary: true, status: http.StatusNoContent, noFile: http.StatusConflict, serve: (*request).stdin, operation: "supervisor.sendProcessStdin"},
	{method: "PUT", path: "/groups/{group}", role: access.Full, daemon: true, help: "Activates a group of the configuration that was read last.",
		status: http.StatusCreated, answer: groupObject.ref(), serve: (*request).addGroup, operation: "supervisor.addProcessGroup"},
	{method: "DELETE", path: "/groups/{group}", role: access.Full, daemon: true, help: "Removes a group whose processes have stopped.",
		status: http.StatusNoContent, serve: (*request).removeGroup, operation: "supervisor.removeProcessGroup"},
	groupAction(operations.ActStart, "Starts the processes of a group that do not run."),
	groupAction(operations.ActStop, "Stops the processes of a group that run."),
	groupAction(operations.ActRestart, "Restarts the processes of a group."),
	{method: "POST", path: "/actions", role: access.Control, help: "Acts on several processes. The status is 200 also if some fail.",
		body: bodyOf([]string{"action", "targets"}, schema{"wait": waitSchema, "timeout": timeoutSchema, "signal": signalSchema,
			"action": oneOf(actionNames()...), "targets": schema{"type": "array", "items": texts,
				"description": "names of groups, `GROUP:*`, programs, `GROUP:NAME`, or NAME"}}),
		also: []int{http.StatusAccepted}, answer: resultsObject.ref(), serve: (*request).actions},
	{method: "POST", path: "/config/reread", role: access.Full, daemon: true, help: "Reads the configuration, and changes no group.",
		answer: changesObject.ref(), serve: (*request).reread, operation: "supervisor.reloadConfig"},
	{method: "POST", path: "/supervisor/shutdown", role: access.Full, daemon: true, help: "Stops all processes, then supervisord.",
		status: http.StatusAccepted, answer: stateObject.ref(), serve: onSupervisord((*operations.Service).Shutdown), operation: "supervisor.shutdown"},
	{method: "POST", path: "/supervisor/restart", role: access.Full, daemon: true, help: "Reads the configuration, stops all processes and starts again.",
		status: http.StatusAccepted, answer: stateObject.ref(), serve: onSupervisord((*operations.Service).Restart), operation: "supervisor.restart"},
	{method: "POST", path: "/supervisor/reopen", role: access.Full, daemon: true, help: "Opens the main log again, after it was moved away.",
		status: http.StatusAccepted, noFile: http.StatusNotFound, answer: stateObject.ref(), serve: onSupervisord((*operations.Service).ReopenMainLog),
		operation: "supervisor.reopenLog"},
	{method: "POST", path: "/supervisor/rotate", role: access.Full, daemon: true, help: "Rotates the main log.",
		status: http.StatusAccepted, noFile: http.StatusNotFound, answer: stateObject.ref(), operation: "supervisor.rotateLog",
		serve: onSupervisord(func(s *operations.Service) error { _, err := s.RotateMainLog(); return err })},
})

func actionNames() (names []string) {
	for _, a := range operations.Actions {
		names = append(names, string(a))
	}
	return names
}

// actionHelp says what the actions do to a process, and which methods of XML-RPC do the same.
var actionHelp = map[operations.Action][2]string{
	operations.ActStart:   {"Starts a process.", "startProcess"},
	operations.ActStop:    {"Stops a process.", "stopProcess"},
	operations.ActRestart: {"Stops a process and starts it again; starts it if it does not run.", "restartProcess"},
	operations.ActKill:    {"Kills a process with SIGKILL. It is not started again.", "killProcess"},
	operations.ActReload:  {"Has a process read its configuration again.", "reloadProcess"},
	operations.ActSignal:  {"Sends a signal to a process.", "signalProcess"},
	operations.ActClear:   {"Empties both logs of a process.", "clearProcessLogs"},
	operations.ActRotate:  {"Rotates both logs of a process.", "rotateProcessLogs"},
	operations.ActReopen:  {"Opens both logs of a process again, after they were moved away.", "reopenProcessLogs"},
}

func actionsOnProcess() (list []route) {
	for _, a := range operations.Actions {
		r := route{method: "POST", path: "/processes/{group}/{name}/" + string(a), role: access.Control, help: actionHelp[a][0],
			operation: "supervisor." + actionHelp[a][1], body: bodyOf(nil, schema{}), answer: processObject.ref(), serve: act(a)}
		switch {
		case a == operations.ActSignal:
			r.body = bodyOf([]string{"signal"}, schema{"signal": signalSchema})
		case a.Waits():
			r.body, r.also = bodyOf(nil, schema{"wait": waitSchema, "timeout": timeoutSchema}), []int{http.StatusAccepted}
		default:
			r.noFile = http.StatusNotFound
		}
		list = append(list, r)
	}
	return list
}

func groupAction(a operations.Action, help string) route {
	return route{method: "POST", path: "/groups/{group}/" + string(a), role: access.Control, help: help,
		body: bodyOf(nil, schema{"wait": waitSchema, "timeout": timeoutSchema}), also: []int{http.StatusAccepted}, answer: resultsObject.ref(), serve: actOnGroup(a)}
}
