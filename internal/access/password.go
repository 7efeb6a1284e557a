package access

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// The forms of configured passwords, besides plain ones.
const (
	formSHA    = "{SHA}"
	formSHA256 = "{SHA256}"
	formBcrypt = "{BCRYPT}"
	formArgon2 = "{ARGON2ID}"
)

// Limits of what a check may cost.
const (
	minBcryptCost = 4
	maxBcryptCost = 15
	maxMemory     = 64 << 10 // KiB
	maxPasses     = 10
	maxThreads    = 4
)

var errMalformed = errors.New("has a malformed password hash")

// CheckPassword returns what is wrong with a configured password: a hash that is malformed, or whose check would cost too much.
func CheckPassword(configured string) error {
	switch {
	case strings.HasPrefix(configured, formSHA256):
		if _, err := parseSHA256(configured); err != nil {
			return errMalformed
		}
	case strings.HasPrefix(configured, formBcrypt):
		cost, err := bcrypt.Cost([]byte(strings.TrimPrefix(configured, formBcrypt)))
		switch {
		case err != nil || len(configured) != len(formBcrypt)+60:
			return errMalformed
		case cost < minBcryptCost || cost > maxBcryptCost:
			return fmt.Errorf("has a bcrypt hash of cost %d, it must be from %d to %d", cost, minBcryptCost, maxBcryptCost)
		}
	case strings.HasPrefix(configured, formArgon2):
		_, err := parseArgon2(configured)
		return err
	}
	return nil
}

// IsHash reports whether a configured password is the hash of one, and whether the original knows its form.
func IsHash(configured string) (hash, original bool) {
	for _, form := range [...]string{formSHA, formSHA256, formBcrypt, formArgon2} {
		if strings.HasPrefix(configured, form) {
			return true, form == formSHA
		}
	}
	return false, true
}

// isSlow reports whether a check of the configured password costs much on purpose.
func isSlow(configured string) bool {
	return strings.HasPrefix(configured, formBcrypt) || strings.HasPrefix(configured, formArgon2)
}

// argon2Hash is an Argon2id hash with its parameters.
type argon2Hash struct {
	memory     uint32 // KiB
	passes     uint32
	threads    uint8
	salt, hash []byte
}

// parseArgon2 reads {ARGON2ID}$argon2id$v=19$m=MEMORY,t=PASSES,p=THREADS$SALT$HASH.
func parseArgon2(configured string) (h argon2Hash, err error) {
	parts := strings.Split(strings.TrimPrefix(configured, formArgon2), "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return h, errMalformed
	}
	var numbers [3]uint64
	names := [3]string{"m=", "t=", "p="}
	values := strings.Split(parts[3], ",")
	if len(values) != len(names) {
		return h, errMalformed
	}
	for i, v := range values {
		text, ok := strings.CutPrefix(v, names[i])
		if numbers[i], err = strconv.ParseUint(text, 10, 32); err != nil || !ok || numbers[i] == 0 {
			return h, errMalformed
		}
	}
	h.salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil || len(h.salt) < 8 || len(h.salt) > 64 {
		return h, errMalformed
	}
	h.hash, err = base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(h.hash) < 16 || len(h.hash) > 64 {
		return h, errMalformed
	}
	for i, limit := range [3]struct {
		most uint64
		text string
	}{{maxMemory, "asks for %d KiB, the most is %d"}, {maxPasses, "asks for %d passes, the most is %d"}, {maxThreads, "asks for %d threads, the most is %d"}} {
		if numbers[i] > limit.most {
			return h, fmt.Errorf(limit.text, numbers[i], limit.most)
		}
	}
	h.memory, h.passes, h.threads = uint32(numbers[0]), uint32(numbers[1]), uint8(numbers[2])
	return h, nil
}

func (h argon2Hash) of(password string) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.threads, uint32(len(h.hash)))
}

// String returns the hash as it is configured.
func (h argon2Hash) String() string {
	return fmt.Sprintf("%s$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", formArgon2, h.memory, h.passes, h.threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.hash))
}

// Argon2 returns the configured form of a password as an Argon2id hash, with 16 random bytes as its salt.
func Argon2(password string, salt []byte) string {
	h := argon2Hash{memory: 19 << 10, passes: 2, threads: 1, salt: salt, hash: make([]byte, 32)}
	h.hash = h.of(password)
	return h.String()
}

// Bcrypt returns the configured form of a password as a bcrypt hash. It has an error for more than 72 bytes.
func Bcrypt(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), 12)
	return formBcrypt + string(hash), err
}

// SHA256 returns the configured form of a password, or of a token, as a SHA-256 hash.
func SHA256(password string) string {
	sum := sha256.Sum256([]byte(password))
	return formSHA256 + hex.EncodeToString(sum[:])
}

// parseSHA256 reads {SHA256} and 64 hexadecimal digits.
func parseSHA256(text string) (sum [sha256.Size]byte, err error) {
	digits, ok := strings.CutPrefix(text, formSHA256)
	if !ok || len(digits) != 2*sha256.Size {
		return sum, errMalformed
	}
	_, err = hex.Decode(sum[:], []byte(digits))
	return sum, err
}

// CheckToken returns what is wrong with a configured token.
func CheckToken(text string) error {
	if _, err := parseSHA256(text); err != nil {
		return errors.New("a token must be {SHA256} and 64 hexadecimal digits")
	}
	return nil
}

// basic returns the credentials in the value of an Authorization field. It is not ok if there are none that we know.
func basic(header string) (name, password string, ok bool) {
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

// maxToken is the length of the longest token, in bytes.
const maxToken = budget.TokenBytes

// bearer returns the token in the value of an Authorization field, empty if there is none.
func bearer(header string) string {
	scheme, value, _ := strings.Cut(strings.TrimSpace(header), " ")
	if value = strings.TrimSpace(value); !strings.EqualFold(scheme, "bearer") || len(value) > maxToken {
		return ""
	}
	return value
}

// matches reports whether a password is the configured one, which is plain or a hash. The time does not depend on where they differ.
func matches(configured, password string) bool {
	switch {
	case strings.HasPrefix(configured, formArgon2):
		h, err := parseArgon2(configured)
		return err == nil && subtle.ConstantTimeCompare(h.of(password), h.hash) == 1
	case strings.HasPrefix(configured, formBcrypt):
		return bcrypt.CompareHashAndPassword([]byte(strings.TrimPrefix(configured, formBcrypt)), []byte(password)) == nil
	case strings.HasPrefix(configured, formSHA256):
		sum, err := parseSHA256(configured)
		sent := sha256.Sum256([]byte(password))
		return err == nil && subtle.ConstantTimeCompare(sent[:], sum[:]) == 1
	case strings.HasPrefix(configured, formSHA):
		configured = strings.TrimPrefix(configured, formSHA)
		sent := sha1.Sum([]byte(password))
		password = hex.EncodeToString(sent[:])
	}
	return equal(password, configured)
}

// equal reports whether two texts are equal. It takes constant time.
func equal(a, b string) bool {
	sa, sb := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(sa[:], sb[:]) == 1
}
