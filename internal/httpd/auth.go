package httpd

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/gosupervisor/supervisor/internal/config"
)

// hasCredentials reports whether the value of an Authorization header has the credentials of the server; without a user name
// every value has. The comparison takes constant time. Source: username, password.
func hasCredentials(c config.Server, header string) bool {
	if c.Username == "" {
		return true
	}
	username, password, ok := credentials(header)
	if !ok {
		return false
	}
	wanted := c.Password
	if sum, ok := strings.CutPrefix(wanted, "{SHA}"); ok {
		wanted = sum
		sent := sha1.Sum([]byte(password))
		password = hex.EncodeToString(sent[:])
	}
	return equal(username, c.Username)&equal(password, wanted) == 1
}

// credentials are those in the value of an Authorization header. It is not ok if there are none that we know.
func credentials(header string) (username, password string, ok bool) {
	scheme, value, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "basic") {
		return "", "", false
	}
	pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(pair), ":")
}

// equal is 1 for equal texts and 0 for others. It takes constant time.
func equal(a, b string) int {
	sa, sb := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(sa[:], sb[:])
}
