package output

import (
	"regexp"
	"strings"
	"testing"
)

// matched writes text in chunks of n bytes, after each of which the stage may be handed over, and returns after how many bytes a line has matched, -1 if none has.
func matched(t *testing.T, pattern, text string, n int, upgrades bool) int {
	t.Helper()
	at, written := -1, 0
	stages := func() Stages {
		return Stages{Ready: &Match{Regexp: regexp.MustCompile(pattern), Found: func() {
			if at >= 0 {
				t.Errorf("%q: found again", text)
			}
			at = written
		}}, Targets: []Stage{end{new(string), new(int)}}}
	}
	m := stages().Chain()
	for rest := []byte(text); len(rest) > 0; {
		k := min(n, len(rest))
		written += k
		m.Write(rest[:k])
		rest = rest[k:]
		if upgrades {
			m = stages().Import(handed(Export(m)))
		}
	}
	m.Flush()
	return at
}

// TestMatch finds lines however they are cut, whole and without sequences and ends, and no others.
//
// covers: L2-e L12-b
func TestMatch(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, c := range []struct {
		pattern, text string
		found         bool
	}{
		{`listening on \d+`, "a\nlistening on 80\nmore\n", true},
		{`listening on \d+`, "\x1b[1;32mlisten\x1b[0ming on \x1b]0;title\a80\n", true},
		{`listening on \d+`, "listening\non 80\n", false},
		{`listening on \d+`, "listening on 80", false}, // no line as yet
		{`^b$`, "a\r\nb\r\n", true},
		{`^$`, "a\n\n", true},
		{`^$`, "a\n", false},
		{`(?i)READY`, "it is ready\n", true},
		{`y`, long + "y\n", false},
		{`xy`, long[1:] + "y\n", true},
		{`^xxx`, long, true}, // all of it that counts
		{`^y`, long + "y\nz\n", false},
		{`^z`, long + "y\nz\n", true},
	} {
		for _, n := range []int{1, 2, 3, 7, 1000, 1 << 20} {
			for _, upgrades := range []bool{false, len(c.text)/n < 100} { // each handover of a long line takes its time
				if got := matched(t, c.pattern, c.text, n, upgrades) >= 0; got != c.found {
					t.Errorf("%q in %.40q by %d: %v, handed over: %v", c.pattern, c.text, n, got, upgrades)
				}
			}
		}
	}
}

// FuzzMatch shows that the result does not depend on how the output is cut.
func FuzzMatch(f *testing.F) {
	f.Add("\x1b[31mready\x1b[0m\r\n", 3)
	f.Fuzz(func(t *testing.T, text string, n int) {
		for _, pattern := range []string{`ready`, `^a.*z$`, `^$`} {
			whole, cut := matched(t, pattern, text, len(text)+1, false), matched(t, pattern, text, 1+n&0xff, n&1 == 0)
			if (whole >= 0) != (cut >= 0) {
				t.Errorf("%s in %q by %d: %v, %v", pattern, text, n, whole, cut)
			}
		}
	})
}
