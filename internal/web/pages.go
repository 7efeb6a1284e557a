package web

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
)

//go:embed pages
var sources embed.FS

// pages returns the templates. They are parsed for the first request, because most runs of supervisord have none.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"quote": quoted}).ParseFS(sources, "pages/*.html"))
})

// quote escapes a value for an address as the original does: all but letters, digits, "_.-~" and "/".
func quote(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), "%2F", "/")
}

// quoted is quote for templates, which do not escape the result.
func quoted(s string) template.URL { return template.URL(quote(s)) }

// daemonInfo is what every page shows of the daemon.
type daemonInfo struct {
	Identifier, Host, Version string
	Uptime                    string
	Started                   int64 // seconds since 1970
	Now                       int64
	Token                     string
	Caller                    *callerInfo // nil: everyone may do everything
	May                       may
}

func (h *Handler) daemonInfo(r *http.Request) daemonInfo { return h.daemonInfoAt(r, time.Now()) }

func (h *Handler) daemonInfoAt(r *http.Request, now time.Time) daemonInfo {
	caller := access.Of(r.Context())
	return daemonInfo{
		Caller: callerOf(caller), May: mayOf(caller),
		Identifier: h.ops.Identifier(), Host: h.host, Version: api.Version, Token: h.token,
		Uptime: uptime(now.Sub(h.started)), Started: h.started.Unix(), Now: now.Unix(),
	}
}

func uptime(d time.Duration) string { return string(api.AppendUptime(nil, int64(d/time.Second))) }
