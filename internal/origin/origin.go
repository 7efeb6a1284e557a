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
		case host != "" && strings.EqualFold(u.Hostname(), Hostname(host)):
			site = SameSite
		}
	}
	return site
}

// Hostname removes the port of a host, and the brackets of an address.
func Hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// IsBrowser reports whether a request has a header that browsers send and other clients do not. Old browsers may send none of
// them.
func IsBrowser(r *http.Request) bool {
	if r.Header.Get("Origin") != "" || strings.HasPrefix(r.Header.Get("User-Agent"), "Mozilla/") {
		return true
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "Sec-Fetch-") {
			return true
		}
	}
	return false
}

// Navigates reports whether the answer will be the page of a browser's window, so that the user sees what a link did. It is
// false for images, scripts, frames, requests of scripts, and pages that are loaded before the user asks for them. Clients
// that say nothing about it are assumed to navigate.
func Navigates(r *http.Request) bool {
	for _, field := range [...]struct{ name, navigation string }{
		{"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Purpose", ""}, {"Purpose", ""}, {"X-Moz", ""},
	} {
		if value := r.Header.Get(field.name); value != "" && value != field.navigation {
			return false
		}
	}
	return true
}
