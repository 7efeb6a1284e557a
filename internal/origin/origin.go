// Package origin classifies the site whose page made a request, from the headers that browsers send, for protection
// against cross-site request forgery. It is pure: any goroutine may call it.
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
	NoBrowser  Site = iota // none of the headers that browsers send
	Unknown                // a browser that does not say
	SameOrigin             // a page of this server, or the user: an address typed or a bookmark
	SameSite               // a page of another port or another host of the same site
	CrossSite              // a page of another site, or one that hides its site
)

// Of returns where r comes from. Certain is true if the browser made the comparison, in Sec-Fetch-Site. Otherwise the result
// is derived from Origin or Referer and Host, which a proxy may have changed. Browsers omit these headers at times: over
// plain HTTP to another host there is no Sec-Fetch-Site, and a link sends no Origin.
func Of(r *http.Request) (site Site, certain bool) {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return SameOrigin, true
	case "same-site":
		return SameSite, true
	case "":
	default:
		return CrossSite, true
	}
	from := r.Header.Get("Origin")
	if from == "" {
		from = r.Header.Get("Referer")
	}
	switch {
	case from != "":
		return compare(from, r.Host, r.Header.Get("X-Forwarded-Host")), false
	case strings.HasPrefix(r.Header.Get("User-Agent"), "Mozilla/"):
		return Unknown, false
	}
	return NoBrowser, false
}

// compare compares the host of a URL with the hosts that may be this server.
func compare(from string, hosts ...string) Site {
	u, err := url.Parse(from)
	if err != nil || u.Host == "" {
		return CrossSite // such as "null"
	}
	site := CrossSite
	for _, host := range hosts {
		switch {
		case strings.EqualFold(u.Host, host):
			return SameOrigin
		case host != "" && strings.EqualFold(u.Hostname(), hostname(host)):
			site = SameSite
		}
	}
	return site
}

// hostname removes the port of a host.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}
