package httpd

import (
	"net/http"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// note begins an entry of the audit log about a request for a route. What is at it only reads; calls and pages record themselves.
func (h *handler) note(r *http.Request, to *route) audit.Call {
	name, _, _ := strings.Cut(strings.Trim(to.name, "/"), "/")
	target := strings.Trim(strings.TrimPrefix(barePath(r), name), "/")
	return h.services.Audit.Begin(r.Context(), viaOf(r), access.Read, to.name, target)
}

// noteRead records a request that is about to be answered, however long its answer takes.
func (h *handler) noteRead(r *http.Request, to *route) {
	if !waiting.Resumed(r.Context()) {
		note := h.note(r, to)
		note.End(audit.Result(nil))
	}
}

// noteLogin records a failed login, also one that is not looked at because there were too many. A request without credentials is none.
func (h *handler) noteLogin(r *http.Request, v access.Verdict) {
	if !v.Failed && v.Status != http.StatusTooManyRequests {
		return
	}
	by := access.ByPassword
	scheme, _, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if strings.EqualFold(scheme, "Bearer") {
		by = access.ByToken
	}
	from := ""
	if client := access.ClientOf(r.Context()); client != nil {
		from = client.From()
	}
	h.services.Audit.Login(from, v.User, by, h.config.Section, viaOf(r), audit.Status(v.Status))
}

func viaOf(r *http.Request) audit.Via {
	if strings.HasPrefix(r.URL.Path, "/RPC2") {
		return audit.RPC
	}
	if isAPI(r) {
		return audit.API
	}
	return audit.Web
}
