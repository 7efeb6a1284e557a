package pyrepr

import (
	"math"
	"strings"
	"unicode"
)

// ParseInt parses what int(s, base) accepts, for base 8 or 10: white space around the number, a sign, and single
// underscores between digits are allowed; base 8 may have the prefix 0o. Digits may be those of any script. A number that
// does not fit becomes the nearest int. ok is false for anything else.
func ParseInt(s string, base int) (n int, ok bool) {
	s = TrimSpace(s)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	digits := s
	if base == 8 && (strings.HasPrefix(s, "0o") || strings.HasPrefix(s, "0O")) {
		digits = strings.TrimPrefix(s[2:], "_")
	}
	mayUnderscore := false
	for _, r := range digits {
		if r == '_' && mayUnderscore {
			mayUnderscore = false
			continue
		}
		d := digit(r)
		if d < 0 || d >= base {
			return 0, false
		}
		if n > (math.MaxInt-d)/base {
			n = math.MaxInt
		} else {
			n = n*base + d
		}
		mayUnderscore = true
	}
	if !mayUnderscore { // no digits, or an underscore at the end
		return 0, false
	}
	if negative {
		n = -n
	}
	return n, true
}

// digit returns the value of a decimal digit, -1 for any other character.
func digit(r rune) int {
	if r <= unicode.MaxASCII {
		if r < '0' || r > '9' {
			return -1
		}
		return int(r - '0')
	}
	for _, block := range unicode.Nd.R16 { // every block begins with a zero and consists of sets of ten
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return int(r-rune(block.Lo)) % 10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return int(r-rune(block.Lo)) % 10
		}
	}
	return -1
}

// IntError returns the message of int(s) for a text that it does not accept.
func IntError(s string) string {
	quoted := []rune(Quote(s))
	return "invalid literal for int() with base 10: " + string(quoted[:min(len(quoted), 200)])
}
