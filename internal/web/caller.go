package web

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/origin"
)

// callerInfo is what a page shows of the user who reads it, where there are users or roles.
type callerInfo struct {
	Name   string // empty: a client without credentials
	Role   access.Role
	Own    bool   // not all programs exist for the user
	ByCert bool   // a certificate says who it is
	LogOut bool   // the browser can forget its password
	LogIn  bool   // it can ask for one
	Link   string // makes the link to sign out work once
}

// callerOf returns nil where everyone may do everything.
func callerOf(c *access.Caller) *callerInfo {
	if !c.IsRuled() {
		return nil
	}
	return &callerInfo{
		Name: c.User, Role: c.Role, Own: c.HasOwn(), ByCert: c.By == access.ByCertificate,
		LogOut: c.By == access.ByPassword, LogIn: c.CanLogIn(), Link: rand.Text(),
	}
}

// may is what a page offers to the user who reads it.
type may struct{ Control, MainLog bool }

func mayOf(c *access.Caller) may {
	return may{Control: c.May(access.Control), MainLog: c.May(access.Read) && !c.HasOwn()}
}

// instance identifies the page of a user in this run: with another role, an open page is made again.
func (h *Handler) instance(c *access.Caller) string {
	if !c.IsRuled() {
		return h.instanceID
	}
	return h.instanceID + "-" + c.Role.String()
}

// refusedPage says why a request was refused.
type refusedPage struct {
	daemonInfo
	Needs  access.Role // empty: the request comes from another site
	Daemon bool        // it is about supervisord, and not for users with programs of their own
}

// notAllowed answers a request for which the caller has not the role, or which is about supervisord.
func (h *Handler) notAllowed(w http.ResponseWriter, r *http.Request, needs access.Role) (status int) {
	c := access.Of(r.Context())
	if req, found := parseAction(r); found && req.action != nil {
		needs = max(needs, req.action.role)
	}
	page := refusedPage{daemonInfo: h.daemonInfo(r), Needs: needs, Daemon: c.May(needs)}
	if r.Header.Get("Accept") != "application/json" {
		return show(w, http.StatusForbidden, "refused.html", page)
	}
	body, err := json.Marshal(outcome{"No action was taken: it needs the role " + needs.String() + ", and " + c.Name() + " has " + c.Role.String(), true})
	if err != nil {
		return http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write(body)
	return 0
}

// maxSignOuts is how many are remembered. One that is forgotten asks for the password once more.
const maxSignOuts = 64

// signOuts are the last links that were answered with 401.
type signOuts struct {
	mu   sync.Mutex
	used []string
}

// first reports whether a link is used for the first time.
func (s *signOuts) first(link string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.used, link) {
		return false
	}
	if len(s.used) == maxSignOuts {
		s.used = slices.Delete(s.used, 0, 1)
	}
	s.used = append(s.used, link)
	return true
}

// signOut refuses the password of a browser once, which makes the browser forget it and ask for another one. With that it comes here again,
// and is sent to the programs. A page of another site cannot do that to a user.
func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) (status int) {
	link := r.Form.Get("link")
	switch site, _ := origin.Of(r); {
	case site == origin.CrossSite, !origin.Navigates(r):
		return show(w, http.StatusForbidden, "refused.html", refusedPage{daemonInfo: h.daemonInfo(r)})
	case link == "":
		return goTo(w, "signout.html?link="+rand.Text())
	case access.Of(r.Context()).By != access.ByPassword, len(link) > len(rand.Text()), !h.signOuts.first(strings.Clone(link)):
		return goTo(w, "./")
	}
	return askForPassword(w)
}

// signIn asks a client that has shown no password for one.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) (status int) {
	if !access.Of(r.Context()).CanLogIn() {
		return goTo(w, "./")
	}
	return askForPassword(w)
}

func goTo(w http.ResponseWriter, address string) (status int) {
	w.Header().Set("Location", address)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusSeeOther)
	return 0
}

// askForPassword sends a page that refers to nothing else: the browser would ask for the password of that, too.
func askForPassword(w http.ResponseWriter) (status int) {
	w.Header().Set("WWW-Authenticate", `Basic realm="default"`)
	w.Header().Set("Connection", "close")
	return show(w, http.StatusUnauthorized, "signedout.html", nil)
}
