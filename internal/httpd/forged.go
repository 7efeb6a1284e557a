package httpd

import (
	"mime"
	"net/http"

	"github.com/gosupervisor/supervisor/internal/origin"
)

// forged is true for a call that a page of another site had a browser make: one of the kinds that browsers send without
// asking us first, which no XML-RPC client uses. What a page may send after it has asked is between it and whatever proxy
// answers such questions; we do not.
func forged(r *http.Request) bool {
	header := r.Header.Get("Content-Type")
	if header == "text/xml" { // what clients send
		return false
	}
	switch kind, _, _ := mime.ParseMediaType(header); kind {
	case "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data":
		site, _ := origin.Of(r)
		return site == origin.Foreign || site == origin.Sibling
	}
	return false
}
