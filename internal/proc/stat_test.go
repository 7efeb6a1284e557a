package proc

import (
	"strings"
	"testing"
)

func TestParseStat(t *testing.T) {
	const rest = " S 7 42 42 0 -1 4194304 1 2 3 4 50 60 700 800 20 0 9 0 99 1000 321 18446744073709551615 1"
	for _, name := range []string{"sh", "a b", "a) S (b", ""} {
		s, err := parseStat([]byte("42 (" + name + ")" + rest))
		if want := (stat{parent: 7, group: 42, start: 99, own: 110, ended: 1500, threads: 9, pages: 321, fds: notRead}); err != nil || s != want {
			t.Errorf("%q: %+v, %v", name, s, err)
		}
	}
	if s, err := parseStat([]byte("1 (x)" + strings.Replace(rest, " 42 42", " -1 -1", 1))); err != nil || s.group != 0 { // of a process that has just ended
		t.Errorf("%+v, %v", s, err)
	}
	whole, _, _ := strings.Cut(rest, " 18446744073709551615")
	if s, err := parseStat([]byte("42 (sh)" + whole + "\n")); err != nil || s.pages != 321 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, text := range []string{"", "42 (sh", "42 (sh) S 7", "42 (sh)" + strings.TrimSuffix(whole, "321"), "42 (sh)" + strings.Replace(rest, "321", "x", 1),
		"42 (sh)" + strings.Replace(rest, "321", "9223372036854775808", 1)} {
		if s, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q is accepted: %+v", text, s)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (sh) S 7 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 99 1000 321 1 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseStat(text)
		if err == nil && (s.parent < 0 || s.group < 0 || s.threads < 0 || s.pages < 0) {
			t.Errorf("%q: %+v", text, s)
		}
	})
}

func TestParsePSS(t *testing.T) {
	for text, want := range map[string]int64{
		"55 77 [rollup]\nRss:     1884 kB\nPss:      12 kB\nPss_Anon: 7 kB\n": 12 << 10,
		"Pss: 0 kB": 0, "Pss: 12 MB\n": Unknown, "Pss: x kB\n": Unknown, "Rss: 5 kB\n": Unknown, "": Unknown,
	} {
		n, ok := parsePSS([]byte(text))
		if !ok {
			n = Unknown
		}
		if n != want {
			t.Errorf("%q: %d", text, n)
		}
	}
}

func FuzzParsePSS(f *testing.F) {
	f.Add([]byte("Rss: 5 kB\nPss: 12 kB\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if n, ok := parsePSS(text); ok && n < 0 {
			t.Errorf("%q: %d", text, n)
		}
	})
}
