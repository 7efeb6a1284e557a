package web

import (
	"fmt"
	"net/http"

	"github.com/gosupervisor/supervisor/internal/access"
)

// confirmPage asks for confirmation of an action, with a form.
type confirmPage struct {
	daemonInfo
	Question string
	Action   string
	Target   string
	Button   string
	Back     string // address of the link that cancels
	Process  string // not empty: afterwards, redirect to the page of its log
	Again    bool   // the form had no valid token
	Filter   filter
}

// confirm is the page behind the buttons for groups and for all programs. The script shows it in a dialog.
func (h *Handler) confirm(w http.ResponseWriter, r *http.Request) (status int) {
	req, found := parseAction(r)
	if !found || req.action == nil || req.action.question == "" {
		return http.StatusNotFound
	}
	if !access.Of(r.Context()).May(req.action.role) {
		return h.notAllowed(w, r, req.action.role)
	}
	return h.askToConfirm(w, r, req, http.StatusOK)
}

// askToConfirm sends the page that asks for confirmation of req.
func (h *Handler) askToConfirm(w http.ResponseWriter, r *http.Request, req actionRequest, code int) (status int) {
	page := confirmPage{
		daemonInfo: h.daemonInfo(r), Action: req.action.name, Target: req.target, Button: req.action.button,
		Again: code != http.StatusOK, Filter: filterOf(r), Process: r.Form.Get("back"),
	}
	page.Question = req.action.question
	if req.action.target != "" {
		page.Question = fmt.Sprintf(req.action.question, req.target)
	}
	page.Back = page.Filter.With(page.Filter.State)
	if page.Process != "" {
		page.Back = logPage(page.Process)
	}
	return show(w, code, "confirm.html", page)
}
