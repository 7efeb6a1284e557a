package pyrepr

import (
	"math"
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"":             `''`,
		"abc":          `'abc'`,
		"it's":         `"it's"`,
		`it's "x"`:     `'it\'s "x"'`,
		`say "x"`:      `'say "x"'`,
		`a\b`:          `'a\\b'`,
		"a\n\t\r":      `'a\n\t\r'`,
		"\x00\x1b\x7f": `'\x00\x1b\x7f'`,
		"é日":           `'é日'`,
		"\u00a0\u200b": `'\xa0\u200b'`,
		"\U000e0001":   `'\U000e0001'`,
		"\xe9":         `'\udce9'`,
	} {
		if got := Quote(in); got != want {
			t.Errorf("Quote(%q) = %s, want %s", in, got, want)
		}
	}
	if got, want := List([]string{"a", "b'c"}), `['a', "b'c"]`; got != want {
		t.Errorf("List = %s, want %s", got, want)
	}
}

func TestParseInt(t *testing.T) {
	for _, c := range []struct {
		in   string
		base int
		want int
		ok   bool
	}{
		{"0", 10, 0, true}, {"-1", 10, -1, true}, {"+7", 10, 7, true}, {" 12\n", 10, 12, true},
		{"007", 10, 7, true}, {"1_000", 10, 1000, true}, {"99999999999999999999", 10, math.MaxInt, true},
		{"", 10, 0, false}, {"-", 10, 0, false}, {"1__0", 10, 0, false}, {"_1", 10, 0, false},
		{"1_", 10, 0, false}, {"٣٠", 10, 30, true}, {"𝟗_𝟘", 10, 90, true}, {"٨", 8, 0, false}, {"²", 10, 0, false},
		{"10.5", 10, 0, false}, {"0x10", 10, 0, false}, {"1 0", 10, 0, false},
		{"022", 8, 18, true}, {"0o22", 8, 18, true}, {"0O_22", 8, 18, true}, {"9", 8, 0, false},
		{"0o", 8, 0, false}, {"0o10", 10, 0, false},
	} {
		if got, ok := ParseInt(c.in, c.base); got != c.want || ok != c.ok {
			t.Errorf("ParseInt(%q, %d) = %d, %t, want %d, %t", c.in, c.base, got, ok, c.want, c.ok)
		}
	}
	if got := IntError(strings.Repeat("x", 500)); len(got) != len("invalid literal for int() with base 10: ")+200 {
		t.Errorf("a long literal is not cut: %d", len(got))
	}
}
