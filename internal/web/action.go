package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/origin"
)

// verb is an action as a request names it.
type verb struct {
	name   string
	target string // what it is done to: "", "process" or "group"
	ask    string // the question before it is done
	button string // what says yes to it
	// do returns what the page then says. An error that is no api.Fault says that there is no page to say it.
	do func(h *Handler, ctx context.Context, target string) (message string, err error)
}

// verbs are all there are. Those without a comment are the original's.
var verbs []verb

func init() { // the functions look back at the table
	verbs = []verb{
		{"refresh", "", "", "", refresh},
		{"start", "process", "Start %s?", "Start", (*Handler).startProcess},
		{"stop", "process", "Stop %s?", "Stop", (*Handler).stopProcess},
		{"restart", "process", "Restart %s?", "Restart", (*Handler).restartProcess},
		{"clearlog", "process", "Clear the logs of %s?", "Clear logs", (*Handler).clearLog},
		{"stopall", "", "Stop all programs?", "Stop all", (*Handler).stopAll},
		{"restartall", "", "Restart all programs? Those that are stopped are started as well.", "Restart all",
			(*Handler).restartAll},
		// ours
		{"startall", "", "Start all programs that do not run?", "Start all", (*Handler).startAll},
		{"startgroup", "group", "Start all programs of the group %s that do not run?", "Start group", (*Handler).startGroup},
		{"stopgroup", "group", "Stop all programs of the group %s?", "Stop group", (*Handler).stopGroup},
		{"restartgroup", "group", "Restart all programs of the group %s? Those that are stopped are started as well.",
			"Restart group", (*Handler).restartGroup},
	}
}

// demand is what a request wants done.
type demand struct {
	verb   *verb // nil: unknown
	target string
}

// demanded reads a request: action=VERB&processname=TARGET as the original's links have it, or VERB=TARGET, which is what
// the buttons of our forms send.
func demanded(r *http.Request) (d demand, given bool) {
	name := r.Form.Get("action")
	for i := range verbs {
		v := &verbs[i]
		switch {
		case name == v.name:
			d = demand{v, r.Form.Get("processname")}
		case name == "" && r.Form.Has(v.name):
			d = demand{v, r.Form.Get(v.name)}
		default:
			continue
		}
		if v.target != "" && d.target == "" {
			d.verb = nil
		}
		return d, true
	}
	return demand{}, name != ""
}

// act does what was demanded and leads back to the page.
func (h *Handler) act(w http.ResponseWriter, r *http.Request, d demand) (status int) {
	if d.verb == nil {
		h.rpc.Errorf("Web interface error: no such action: %s", r.Form.Encode())
		return http.StatusInternalServerError
	}
	ours := h.ours(r)
	switch admit(r, ours, d) {
	case ask:
		return h.question(w, r, d, http.StatusOK)
	case askAgain:
		return h.question(w, r, d, http.StatusForbidden)
	case refuse:
		return show(w, http.StatusForbidden, "refused.html", h.about(time.Now()))
	}
	message, err := d.verb.do(h, r.Context(), d.target)
	if fault := (api.Fault{}); errors.As(err, &fault) {
		message = unexpected(fault)
	} else if err != nil {
		panic(http.ErrAbortHandler)
	}
	query := "message=" + quote(message)
	switch {
	case r.Header.Get("Accept") == "application/json": // the page's script
		return answer(w, message)
	case !ours:
		w.Header().Set("Location", "./?"+query)
		return http.StatusMovedPermanently // what the original's clients look for
	case r.PostForm.Get("back") != "":
		w.Header().Set("Location", backTo(r.PostForm.Get("back"))+"&"+query)
	default:
		w.Header().Set("Location", "./?"+strings.TrimPrefix(filterOf(r).address()+"&"+query, "&"))
	}
	return http.StatusSeeOther
}

// backTo is the page of a log, to which a form on it leads back.
func backTo(process string) string { return "tail.html?processname=" + quote(process) }

// admission is what becomes of a demand.
type admission int

const (
	follow   admission = iota
	ask                // the user, by a page with a form
	askAgain           // the same, after a form that we do not know: of a page from before a restart
	refuse
)

// admit decides whether a demand is one to follow: it must not be the doing of a page from elsewhere. Scripts may do as
// they always could. From a browser a POST needs our token; the original's links still work on pages of our site, and
// where the browser does not say which page it was, the user is asked.
func admit(r *http.Request, ours bool, d demand) admission {
	site, certain := origin.Of(r)
	fromElsewhere := site == origin.Foreign || site == origin.Sibling
	switch {
	case d.verb.name == "refresh" || site == origin.Script:
		return follow
	case r.Method == http.MethodPost && ours && !(fromElsewhere && certain): // a name that a proxy changed proves nothing
		return follow
	case r.Method == http.MethodPost && fromElsewhere, site == origin.Foreign:
		return refuse
	case r.Method == http.MethodPost:
		return askAgain
	case site == origin.Unsaid:
		return ask
	}
	return follow
}

// outcome is what an action came to, for the page's script.
type outcome struct {
	Message string `json:"message"`
	Failed  bool   `json:"failed"`
}

func answer(w http.ResponseWriter, message string) (status int) {
	body, err := json.Marshal(outcome{message, isFailure(message)})
	if err != nil {
		return http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
	return 0
}

// isFailure tells from a message whether it tells of one. Messages come back in an address, which has nothing but the text.
func isFailure(message string) bool {
	for _, start := range [...]string{"ERROR: ", "unexpected rpc fault ", "No such "} {
		if strings.HasPrefix(message, start) {
			return true
		}
	}
	return false
}

func unexpected(f api.Fault) string {
	return fmt.Sprintf("unexpected rpc fault [%d] %s", f.Code, f.Error())
}

// is is true if err is the fault with this code.
func is(err error, code int) bool {
	var fault api.Fault
	return errors.As(err, &fault) && fault.Code == code
}

// said is the message for an action on a process: done, unless err is a fault.
func said(err error, name, done string) (message string, _ error) {
	var fault api.Fault
	switch {
	case err == nil:
		return fmt.Sprintf(done, name), nil
	case is(err, api.BadName):
		return "No such process named " + name, nil
	case errors.As(err, &fault):
		return unexpected(fault), nil
	}
	return "", err
}

// ctime is how messages tell the time.
func ctime() string { return time.Now().Format(time.ANSIC) }

func refresh(*Handler, context.Context, string) (string, error) {
	return "Page refreshed at " + ctime(), nil
}

// startProblems are what the page says for the faults of a start.
var startProblems = map[int]string{
	api.NoFile: "no such file", api.NotExecutable: "file not executable", api.AlreadyStarted: "already started",
	api.SpawnError: "spawn error", api.AbnormalTermination: "abnormal termination",
}

func (h *Handler) startProcess(ctx context.Context, name string) (string, error) {
	err := h.rpc.StartProcess(ctx, name)
	var fault api.Fault
	if !errors.As(err, &fault) || fault.Code == api.BadName {
		return said(err, name, "Process %s started")
	}
	problem := startProblems[fault.Code]
	if problem == "" {
		problem = unexpected(fault)
	}
	return fmt.Sprintf("ERROR: Process %s: %s", name, problem), nil
}

func (h *Handler) stopProcess(ctx context.Context, name string) (string, error) {
	return said(h.rpc.StopProcess(ctx, name), name, "Process %s stopped")
}

// restartProcess says the same whatever became of it, as the original does. It goes on when the client has gone: whoever
// closes the page too early must not leave the process stopped.
func (h *Handler) restartProcess(ctx context.Context, name string) (string, error) {
	ctx = context.WithoutCancel(ctx)
	err := h.rpc.StopProcess(ctx, name)
	if is(err, api.BadName) || err != nil && !errors.As(err, new(api.Fault)) {
		return said(err, name, "")
	}
	if err = h.rpc.StartProcess(ctx, name); errors.As(err, new(api.Fault)) {
		err = nil
	}
	return said(err, name, "Process %s restarted")
}

func (h *Handler) clearLog(_ context.Context, name string) (string, error) {
	return said(h.rpc.ClearLogs(name), name, "Log for %s cleared")
}

func (h *Handler) stopAll(ctx context.Context, _ string) (string, error) {
	_, err := h.rpc.StopAll(ctx)
	return "All stopped at " + ctime(), err
}

func (h *Handler) restartAll(ctx context.Context, _ string) (string, error) {
	ctx = context.WithoutCancel(ctx)
	_, err := h.rpc.StopAll(ctx)
	if err == nil {
		_, err = h.rpc.StartAll(ctx)
	}
	return "All restarted at " + ctime(), err
}

func (h *Handler) startAll(ctx context.Context, _ string) (string, error) {
	all, err := h.rpc.StartAll(ctx)
	return tally("All programs", "started", all), err
}

func (h *Handler) startGroup(ctx context.Context, name string) (string, error) {
	all, err := h.rpc.StartGroup(ctx, name)
	return saidOfGroup(err, name, "started", all)
}

func (h *Handler) stopGroup(ctx context.Context, name string) (string, error) {
	all, err := h.rpc.StopGroup(ctx, name)
	return saidOfGroup(err, name, "stopped", all)
}

func (h *Handler) restartGroup(ctx context.Context, name string) (string, error) {
	ctx = context.WithoutCancel(ctx)
	all, err := h.rpc.StopGroup(ctx, name)
	if err == nil {
		all, err = h.rpc.StartGroup(ctx, name)
	}
	return saidOfGroup(err, name, "restarted", all)
}

func saidOfGroup(err error, name, done string, all []api.ProcessStatus) (string, error) {
	if is(err, api.BadName) {
		return "No such group named " + name, nil
	}
	return tally("Group "+name, done, all), err
}

// tally says how it went for several processes.
func tally(what, done string, all []api.ProcessStatus) string {
	failed, first := 0, ""
	for _, p := range all {
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
		return fmt.Sprintf("ERROR: %s %s, but for %s", what, done, first)
	}
	return fmt.Sprintf("ERROR: %s %s, but for %s and %d more", what, done, first, failed-1)
}
