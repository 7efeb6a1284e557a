package httpd

import (
	"net/http"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
)

// route is something that the servers answer.
type route struct {
	name    string // for tests and documentation
	matches func(r *http.Request, bare string) bool
	parts   access.Parts // it is there if the server has one of them; 0: always
	role    access.Role  // the least role of its callers
	daemon  bool         // it is about supervisord, and not for callers with programs of their own
	answer  func(h *handler, w http.ResponseWriter, r *http.Request)
}

// routes are all routes; the first that matches counts. Calls and pages, which have no answer here, ask for further roles themselves.
var routes = []route{
	{"/RPC2", func(r *http.Request, _ string) bool { return strings.HasPrefix(r.URL.Path, "/RPC2") }, access.RPC, access.Metrics, false, nil},
	{"/logtail/NAME", func(r *http.Request, _ string) bool { return strings.HasPrefix(r.URL.Path, "/logtail") }, access.RPC | access.Web, access.Read, false, (*handler).followProcess},
	{"/mainlogtail", func(r *http.Request, _ string) bool { return strings.HasPrefix(r.URL.Path, "/mainlogtail") }, access.RPC | access.Web, access.Read, true, (*handler).followMain},
	{"/logfile/NAME", func(_ *http.Request, bare string) bool { return strings.HasPrefix(bare, "logfile/") }, access.RPC | access.Web, access.Read, false, (*handler).download},
	{"/mainlogfile", func(_ *http.Request, bare string) bool { return bare == "mainlogfile" }, access.RPC | access.Web, access.Read, true, (*handler).download},
	{"/ok.html", func(r *http.Request, bare string) bool {
		return bare == "ok.html" && (r.Method == http.MethodGet || r.Method == http.MethodPost)
	}, 0, access.Metrics, false, func(h *handler, w http.ResponseWriter, r *http.Request) {
		h.answer(w, r, http.StatusOK, "text/plain", []byte("OK"))
	}},
	{"/metrics", func(_ *http.Request, bare string) bool { return bare == "metrics" }, access.Measurements, access.Metrics, false, (*handler).metrics},
	{"/api", func(r *http.Request, _ string) bool { return isAPI(r) }, access.API, access.Metrics, false, nil},
	{"/", func(*http.Request, string) bool { return true }, access.Web, access.Metrics, false, nil},
}

// isAPI reports whether a request is one for the API.
func isAPI(r *http.Request) bool {
	return r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/")
}

// routeOf returns the route of a request. Without an API, its paths are pages that do not exist.
func (h *handler) routeOf(r *http.Request) *route {
	bare := barePath(r)
	for i := range routes {
		if routes[i].matches(r, bare) && (h.services.API != nil || routes[i].name != "/api") {
			return &routes[i]
		}
	}
	return &routes[len(routes)-1]
}

// barePath is the path of a request without its leading slashes.
func barePath(r *http.Request) string { return strings.TrimLeft(r.URL.Path, "/") }

// isFor reports whether a caller may have what is there.
func (to *route) isFor(c *access.Caller) bool { return c.May(to.role) && !(to.daemon && c.HasOwn()) }
