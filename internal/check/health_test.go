package check

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestCount gives results to a count, + for a success and - for a failure, and shows the verdict after each: u for unknown, h for
// healthy, s for unhealthy, in capitals if it has changed.
func TestCount(t *testing.T) {
	for _, c := range []struct {
		successes, failures int
		results, want       string
	}{
		{1, 3, "---", "uuS"},
		{1, 3, "--+--+", "uuHhhh"},
		{1, 3, "+---", "HhhS"},
		{1, 3, "------+", "uuSsssH"},
		{2, 1, "+-++-", "uSsHS"},
		{1, 1, "+-+-", "HSHS"},
		{3, 2, "++-+++--", "uuuuuHhS"},
	} {
		var count Count
		got := ""
		for _, r := range c.results {
			next, changed := count.Add(r == '+', c.successes, c.failures)
			letter := map[Health]string{Unknown: "u", Healthy: "h", Unhealthy: "s"}[next.Health]
			if changed {
				letter = strings.ToUpper(letter)
			}
			got, count = got+letter, next
		}
		if got != c.want {
			t.Errorf("%d successes, %d failures, %s: %s, not %s", c.successes, c.failures, c.results, got, c.want)
		}
	}
}

// TestHealthOfTwo shows the health of a process with two checks.
func TestHealthOfTwo(t *testing.T) {
	for _, c := range []struct{ a, b, want Health }{
		{Unknown, Unknown, Unknown}, {Unknown, Healthy, Healthy}, {Healthy, Healthy, Healthy},
		{Healthy, Unhealthy, Unhealthy}, {Unhealthy, Unknown, Unhealthy},
	} {
		if got := c.a.With(c.b); got != c.want || c.b.With(c.a) != c.want {
			t.Errorf("%v with %v: %v", c.a, c.b, got)
		}
	}
}

// TestShown shows how reasons are made one short line of valid text.
func TestShown(t *testing.T) {
	for text, want := range map[string]string{"HTTP 503": "HTTP 503", "a\nb\x1b\xff": `a\nb\x1b` + "\uFFFD"} {
		if got := Shown(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	long := Shown(strings.Repeat("ä", 150))
	if len(long) > maxText || !utf8.ValidString(long) || !strings.HasSuffix(long, "ä...") {
		t.Errorf("%q", long)
	}
}
