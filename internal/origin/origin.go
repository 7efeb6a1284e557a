// Package origin tells from what a browser says of a request whose page made it. It is pure, and for servers that must
// not do on behalf of one page what only another may ask for.
package origin

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Site is where a request comes from.
type Site int

const (
	Script  Site = iota // no browser: nothing that one sends is there
	Unsaid              // a browser, and it does not say from where
	Same                // a page of ours, or the user's own doing: typed, from a bookmark
	Sibling             // a page of another port or name of the same site
	Foreign             // a page of another site, or one that hides which
)

// Of is where r comes from. Certain is true if the browser itself made the comparison, and knows; else it is drawn from
// the names in Origin or Referer and Host, which a proxy may have changed on the way. Browsers do not tell everybody:
// over plain HTTP to another host there is no Sec-Fetch-Site, and a link brings no Origin.
func Of(r *http.Request) (site Site, certain bool) {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return Same, true
	case "same-site":
		return Sibling, true
	case "":
	default:
		return Foreign, true
	}
	from := r.Header.Get("Origin")
	if from == "" {
		from = r.Header.Get("Referer")
	}
	switch {
	case from != "":
		return compare(from, r.Host, r.Header.Get("X-Forwarded-Host")), false
	case strings.HasPrefix(r.Header.Get("User-Agent"), "Mozilla/"):
		return Unsaid, false
	}
	return Script, false
}

// compare compares the host of a URL with the names that we may go by.
func compare(from string, hosts ...string) Site {
	u, err := url.Parse(from)
	if err != nil || u.Host == "" {
		return Foreign // "null" among others
	}
	site := Foreign
	for _, host := range hosts {
		switch {
		case strings.EqualFold(u.Host, host):
			return Same
		case host != "" && strings.EqualFold(u.Hostname(), hostname(host)):
			site = Sibling
		}
	}
	return site
}

// hostname is a host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}
