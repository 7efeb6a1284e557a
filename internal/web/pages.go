package web

import (
	"embed"
	"html/template"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

//go:embed pages
var sources embed.FS

// pages are the templates. They are parsed when somebody looks for the first time: most who start supervisord never do.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"quote": quoted}).ParseFS(sources, "pages/*.html"))
})

// quote quotes a value for an address as the original does: all but letters, digits, "_.-~" and "/".
func quote(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), "%2F", "/")
}

// quoted is quote for templates, which take it as it is.
func quoted(s string) template.URL { return template.URL(quote(s)) }

// about is what every page tells of the daemon.
type about struct {
	Identifier, Host, Version string
	Uptime                    string
	Started                   int64 // seconds since 1970
	Now                       int64
	Token                     string
}

func (h *Handler) about(now time.Time) about {
	return about{
		Identifier: h.rpc.Identifier(), Host: h.host, Version: api.Version, Token: h.token,
		Uptime: uptime(now.Sub(h.started)), Started: h.started.Unix(), Now: now.Unix(),
	}
}

func uptime(d time.Duration) string { return string(api.AppendUptime(nil, int64(d/time.Second))) }
