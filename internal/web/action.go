package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/origin"
)

// action is something that a page can do.
type action struct {
	name     string
	role     access.Role // the least role of those who may do it
	target   string      // kind of its target: "", "process" or "group"
	question string      // asks for confirmation; %s is the target
	button   string      // text of the button that confirms
	// do returns the message for the page. A fault that is not explained by it takes its place. Another error closes the connection.
	do func(h *Handler, ctx context.Context, target string) (message string, err error)
}

// actions are all actions. Those of the original come first.
var actions []action

func init() { // the functions refer to the table
	actions = []action{
		{"refresh", access.Read, "", "", "", refresh},
		{"start", access.Control, "process", "Start %s?", "Start", (*Handler).startProcess},
		{"stop", access.Control, "process", "Stop %s?", "Stop", (*Handler).stopProcess},
		{"restart", access.Control, "process", "Restart %s?", "Restart", (*Handler).restartProcess},
		{"clearlog", access.Control, "process", "Clear the logs of %s?", "Clear logs", (*Handler).clearLog},
		{"stopall", access.Control, "", "Stop all programs?", "Stop all", (*Handler).stopAll},
		{"restartall", access.Control, "", "Restart all programs? Stopped programs are started too.", "Restart all", (*Handler).restartAll},
		// ours
		{"startall", access.Control, "", "Start all programs that are not running?", "Start all", (*Handler).startAll},
		{"startgroup", access.Control, "group", "Start all programs of the group %s that are not running?", "Start group", (*Handler).startGroup},
		{"stopgroup", access.Control, "group", "Stop all programs of the group %s?", "Stop group", (*Handler).stopGroup},
		{"restartgroup", access.Control, "group", "Restart all programs of the group %s? Stopped programs are started too.", "Restart group",
			(*Handler).restartGroup},
	}
}

// actionRequest is the action that a request asks for.
type actionRequest struct {
	action *action // nil: unknown
	target string
}

// parseAction parses action=NAME&processname=TARGET, as in the original's links, or NAME=TARGET, which the buttons of
// the forms send. Found is false if the request asks for no action.
func parseAction(r *http.Request) (req actionRequest, found bool) {
	name := r.Form.Get("action")
	for i := range actions {
		a := &actions[i]
		switch {
		case name == a.name:
			req = actionRequest{a, r.Form.Get("processname")}
		case name == "" && r.Form.Has(a.name):
			req = actionRequest{a, r.Form.Get(a.name)}
		default:
			continue
		}
		if a.target != "" && req.target == "" {
			req.action = nil
		}
		return req, true
	}
	return actionRequest{}, name != ""
}

// act carries out an action, if the request is authorized, and redirects to the page.
func (h *Handler) act(w http.ResponseWriter, r *http.Request, req actionRequest) (status int) {
	if req.action == nil {
		h.ops.Log().Errorf("Web interface error: no such action: %.200s", r.Form.Encode())
		return http.StatusInternalServerError
	}
	note := h.ops.Audit().Begin(r.Context(), audit.Web, req.action.role, req.action.name, req.target)
	note.Waits()
	if !access.Of(r.Context()).May(req.action.role) {
		note.Refuse(audit.Status(http.StatusForbidden))
		return h.notAllowed(w, r, req.action.role)
	}
	hasToken := h.hasToken(r)
	switch authorize(r, hasToken, req) {
	case confirm:
		return h.askToConfirm(w, r, req, http.StatusOK)
	case confirmAgain:
		return h.askToConfirm(w, r, req, http.StatusForbidden)
	case deny:
		note.Refuse(audit.Status(http.StatusForbidden))
		return show(w, http.StatusForbidden, "refused.html", refusedPage{daemonInfo: h.daemonInfo(r)})
	}
	message, err := req.action.do(h, r.Context(), req.target)
	note.End(audit.Result(err))
	switch fault := api.FaultOf(err); {
	case fault != nil && !errors.As(err, new(explained)):
		message = unexpected(fault)
	case fault == nil && err != nil:
		panic(http.ErrAbortHandler)
	}
	query := "message=" + quote(message)
	switch {
	case r.Header.Get("Accept") == "application/json": // the script
		return sendOutcome(w, message)
	case !hasToken:
		w.Header().Set("Location", "./?"+query)
		return http.StatusMovedPermanently // the status that the original's clients expect
	case r.PostForm.Get("back") != "":
		w.Header().Set("Location", logPage(r.PostForm.Get("back"))+"&"+query)
	default:
		w.Header().Set("Location", "./?"+strings.TrimPrefix(filterOf(r).address()+"&"+query, "&"))
	}
	return http.StatusSeeOther
}

// logPage is the address of the page of a log.
func logPage(process string) string { return "tail.html?processname=" + quote(process) }

// decision is the result of authorize.
type decision int

const (
	allow        decision = iota
	confirm               // the user is asked, with a form
	confirmAgain          // the same: the form had no valid token, because it is older than a restart
	deny
)

// authorize protects against requests that a page of another site has the browser make. Clients that are no browsers are
// allowed everything, as in the original. From a browser, a POST needs the token; a GET, as in the original's links, is
// allowed if the browser navigates, from a page of this server or an address that was typed. If the link is on another
// port or host of the same site, or the browser does not say where it is, the user is asked.
func authorize(r *http.Request, hasToken bool, req actionRequest) decision {
	site, certain := origin.Of(r)
	otherOrigin := site == origin.CrossSite || site == origin.SameSite
	switch {
	case req.action.name == "refresh":
		return allow
	case r.Method == http.MethodGet && !origin.Navigates(r):
		return deny
	case site == origin.NoBrowser:
		return allow
	case r.Method == http.MethodPost && hasToken && !(otherOrigin && certain): // uncertain: a proxy may have changed Host
		return allow
	case r.Method == http.MethodPost && otherOrigin, site == origin.CrossSite:
		return deny
	case r.Method == http.MethodPost:
		return confirmAgain
	case site == origin.Unknown, site == origin.SameSite:
		return confirm
	}
	return allow
}

// outcome is the result of an action, for the script.
type outcome struct {
	Message string `json:"message"`
	Failed  bool   `json:"failed"`
}

func sendOutcome(w http.ResponseWriter, message string) (status int) {
	body, err := json.Marshal(outcome{message, isFailure(message)})
	if err != nil {
		return http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
	return 0
}

// isFailure reports whether a message is about a failure. After a redirect its text is all that is known.
func isFailure(message string) bool {
	for _, prefix := range [...]string{"ERROR: ", "unexpected rpc fault ", "No such "} {
		if strings.HasPrefix(message, prefix) {
			return true
		}
	}
	return false
}

func unexpected(f *api.Fault) string {
	return fmt.Sprintf("unexpected rpc fault [%d] %s", f.Code, f.Text)
}

// isFault reports whether err is the fault with this code.
func isFault(err error, code int) bool {
	fault := api.FaultOf(err)
	return fault != nil && fault.Code == code
}

// explained is a fault that the message of an action is about.
type explained struct{ error }

func (e explained) Unwrap() error { return e.error }

// processMessage is the message for an action on a process: success, in which %s is the name, unless err is a fault.
func processMessage(err error, name, success string) (message string, _ error) {
	fault := api.FaultOf(err)
	switch {
	case err == nil:
		return fmt.Sprintf(success, name), nil
	case isFault(err, api.BadName):
		return "No such process named " + name, explained{err}
	case fault != nil:
		return unexpected(fault), explained{err}
	}
	return "", err
}

// ctime is the time as messages have it.
func ctime() string { return time.Now().Format(time.ANSIC) }

func refresh(*Handler, context.Context, string) (string, error) {
	return "Page refreshed at " + ctime(), nil
}

// startFaults are the texts for the faults of a start.
var startFaults = map[int]string{
	api.NoFile: "no such file", api.NotExecutable: "file not executable", api.AlreadyStarted: "already started",
	api.SpawnError: "spawn error", api.AbnormalTermination: "abnormal termination",
}

func (h *Handler) startProcess(ctx context.Context, name string) (string, error) {
	err := h.ops.For(ctx).StartProcess(ctx, name, true)
	fault := api.FaultOf(err)
	if fault == nil || fault.Code == api.BadName {
		return processMessage(err, name, "Process %s started")
	}
	text := startFaults[fault.Code]
	if text == "" {
		text = unexpected(fault)
	}
	return fmt.Sprintf("ERROR: Process %s: %s", name, text), explained{err}
}

func (h *Handler) stopProcess(ctx context.Context, name string) (string, error) {
	return processMessage(h.ops.For(ctx).StopProcess(ctx, name, true), name, "Process %s stopped")
}

// restartProcess reports success despite faults, as the original does. It is not canceled when the client disconnects,
// so that closing the page does not leave the process stopped.
func (h *Handler) restartProcess(ctx context.Context, name string) (string, error) {
	ctx = context.WithoutCancel(ctx)
	err := h.ops.For(ctx).StopProcess(ctx, name, true)
	if isFault(err, api.BadName) || err != nil && api.FaultOf(err) == nil {
		return processMessage(err, name, "")
	}
	if err = h.ops.For(ctx).StartProcess(ctx, name, true); api.FaultOf(err) != nil {
		err = nil
	}
	return processMessage(err, name, "Process %s restarted")
}

func (h *Handler) clearLog(ctx context.Context, name string) (string, error) {
	return processMessage(h.ops.For(ctx).ClearLogs(ctx, name), name, "Log for %s cleared")
}

func (h *Handler) stopAll(ctx context.Context, _ string) (string, error) {
	_, err := h.ops.For(ctx).StopProcesses(ctx, operations.All, true)
	return "All stopped at " + ctime(), err
}

func (h *Handler) restartAll(ctx context.Context, _ string) (string, error) {
	ctx = context.WithoutCancel(ctx)
	stopped, err := h.ops.For(ctx).StopProcesses(ctx, operations.All, true)
	if err == nil {
		_, err = h.ops.For(ctx).StartAgain(ctx, operations.All, stopped)
	}
	return "All restarted at " + ctime(), err
}

func (h *Handler) startAll(ctx context.Context, _ string) (string, error) {
	statuses, err := h.ops.For(ctx).StartProcesses(ctx, operations.All, true)
	return summary("All programs", "started", statuses), err
}

func (h *Handler) startGroup(ctx context.Context, name string) (string, error) {
	statuses, err := h.ops.For(ctx).StartProcesses(ctx, operations.Group(name), true)
	return groupMessage(err, name, "started", statuses)
}

func (h *Handler) stopGroup(ctx context.Context, name string) (string, error) {
	statuses, err := h.ops.For(ctx).StopProcesses(ctx, operations.Group(name), true)
	return groupMessage(err, name, "stopped", statuses)
}

func (h *Handler) restartGroup(ctx context.Context, name string) (string, error) {
	ctx = context.WithoutCancel(ctx)
	statuses, err := h.ops.For(ctx).StopProcesses(ctx, operations.Group(name), true)
	if err == nil {
		statuses, err = h.ops.For(ctx).StartAgain(ctx, operations.Group(name), statuses)
	}
	return groupMessage(err, name, "restarted", statuses)
}

// groupMessage is the message for an action on a group.
func groupMessage(err error, name, done string, statuses []api.ProcessStatus) (string, error) {
	if isFault(err, api.BadName) {
		return "No such group named " + name, explained{err}
	}
	return summary("Group "+name, done, statuses), err
}

// summary is the message for an action on several processes: "what done", and the processes for which it failed.
func summary(what, done string, statuses []api.ProcessStatus) string {
	failed, first := 0, ""
	for _, p := range statuses {
		if p.Status != api.Success {
			failed++
			if first == "" {
				first = api.Namespec(p.Group, p.Name)
			}
		}
	}
	switch failed {
	case 0:
		return what + " " + done
	case 1:
		return fmt.Sprintf("ERROR: %s %s, except %s", what, done, first)
	}
	return fmt.Sprintf("ERROR: %s %s, except %s and %d more", what, done, first, failed-1)
}
