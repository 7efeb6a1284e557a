package pyrepr

import "testing"

func TestEscape(t *testing.T) {
	blank := func(r rune) bool { return EndsLine(r) || r == ' ' }
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{`plain\n€`, `plain\n€`},
		{"a\n\r\t\x00\x1b\x7f b", `a\n\r\t\x00\x1b\x7f\x20b`},
		{"é\u0085\u009b\u2028\u2029\u2030é", "é\\x85\\x9b\\u2028\\u2029\u2030é"},
		{"\xff\n\xc2", "\xff\\n\xc2"},
	} {
		if got := Escape(c.in, blank); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}
