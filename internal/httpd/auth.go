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

// authorized tells whether the value of an Authorization header opens this server. Without a user name everyone may
// come in. How long the comparison takes says nothing about the password. Source: username, password.
func authorized(c config.Server, header string) bool {
	if c.Username == "" {
		return true
	}
	scheme, value, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "basic") {
		return false
	}
	pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	if err != nil {
		return false
	}
	username, password, found := strings.Cut(string(pair), ":")
	if !found {
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

// equal is 1 for equal texts and 0 for others, in a time that does not depend on where they differ.
func equal(a, b string) int {
	sa, sb := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(sa[:], sb[:])
}
