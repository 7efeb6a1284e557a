package httpd

import (
	"mime"
	"net/http"

	"github.com/gosupervisor/supervisor/internal/origin"
)

// crossSite reports whether a call was made by a page of another site. It looks at the content types that a browser sends
// to another site without a preflight request, none of which an XML-RPC client uses. Preflighted requests are not our
// concern: we answer no preflight.
func crossSite(r *http.Request) bool {
	header := r.Header.Get("Content-Type")
	if header == "text/xml" { // usual
		return false
	}
	switch kind, _, _ := mime.ParseMediaType(header); kind {
	case "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data":
		site, _ := origin.Of(r)
		return site == origin.CrossSite || site == origin.SameSite
	}
	return false
}
