package step

// The shim does not wait for package strings: see TestImports.

// cut is strings.Cut with a byte.
func cut(s string, sep byte) (before, after string, found bool) {
	for i := range len(s) {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// each calls f for each part of s between the separators, of which there is one at least, until f returns false. It reports whether that
// did not happen.
func each(s string, sep byte, f func(part string) bool) bool {
	for more := true; more; {
		var part string
		if part, s, more = cut(s, sep); !f(part) {
			return false
		}
	}
	return true
}

// escape makes any string a valid argument. A NUL cannot be one, but it is the shim that must report it, with EINVAL.
func escape(s string) string {
	special := 0
	for i := range len(s) {
		if s[i] == 0 || s[i] == '\\' {
			special++
		}
	}
	if special == 0 {
		return s
	}
	b := make([]byte, 0, len(s)+special)
	for i := range len(s) {
		switch c := s[i]; c {
		case 0:
			b = append(b, '\\', '0')
		case '\\':
			b = append(b, c, c)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// unescape undoes escape.
func unescape(s string) string {
	before, after, found := cut(s, '\\')
	if !found {
		return s
	}
	b := []byte(before)
	for found && after != "" {
		c := after[0]
		if c == '0' {
			c = 0
		}
		before, after, found = cut(after[1:], '\\')
		b = append(append(b, c), before...)
	}
	return string(b)
}
