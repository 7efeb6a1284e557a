package web

import (
	"fmt"
	"net/http"
	"time"
)

// questionPage asks whether something is to be done. Yes is a form of ours.
type questionPage struct {
	about
	Question string
	Verb     string
	Target   string
	Button   string
	Back     string // where no leads
	Process  string // not empty: yes leads back to the page of its log
	Again    bool   // it was asked for in vain
	Filter   filter
}

// confirm is the page to which the buttons for groups and for everything lead. The page's script shows it in a dialog.
func (h *Handler) confirm(w http.ResponseWriter, r *http.Request) (status int) {
	d, given := demanded(r)
	if !given || d.verb == nil || d.verb.ask == "" {
		return http.StatusNotFound
	}
	return h.question(w, r, d, http.StatusOK)
}

// question asks whether d is to be done.
func (h *Handler) question(w http.ResponseWriter, r *http.Request, d demand, code int) (status int) {
	page := questionPage{
		about: h.about(time.Now()), Verb: d.verb.name, Target: d.target, Button: d.verb.button,
		Again: code != http.StatusOK, Filter: filterOf(r), Process: r.Form.Get("back"),
	}
	page.Question = d.verb.ask
	if d.verb.target != "" {
		page.Question = fmt.Sprintf(d.verb.ask, d.target)
	}
	page.Back = page.Filter.With(page.Filter.State)
	if page.Process != "" {
		page.Back = backTo(page.Process)
	}
	return show(w, code, "confirm.html", page)
}
