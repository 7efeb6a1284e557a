package glob

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true}, {"*.conf", "a.conf", true}, {"*.conf", "a.confx", false}, {"a?c", "aéc", true},
		{"[a-c]x", "bx", true}, {"[!a-c]x", "bx", false}, {"[!a-c]x", "dx", true}, {"[]]", "]", true}, {"[a", "[a", true},
		{"a*b*c", "aXbYbZc", true}, {"a*b*c", "aXbYbZ", false}, {`\*`, `\x`, true}, {"[a-]", "-", true}, {"", "", true},
		{"a", "", false}, {"**", "x", true}, {"?", "", false},
	} {
		if got := Match(c.pattern, c.name); got != c.want {
			t.Errorf("Match(%q, %q) = %t", c.pattern, c.name, got)
		}
	}
}

func TestMatchPath(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"conf/*.yaml", "conf/a.yaml", true}, {"conf/*.yaml", "conf/b/a.yaml", false}, {"*/a", "b/a", true}, {"*/a", "b/c/a", false},
		{"**/a", "a", true}, {"**/a", "b/c/a", true}, {"**/a", "b/c/d", false}, {"a/**", "a/b/c", true}, {"a/**", "a", true}, {"a/**", "b/a", false},
		{"a/**/b/**/c", "a/b/b/c", true}, {"a/**/b/**/c", "a/x/b/y/z/c", true}, {"a/**/b/**/c", "a/x/c", false}, {"**/**", "a", true},
		{"a/b", "a", false}, {"a", "a/b", false},
	} {
		if got := MatchPath(c.pattern, c.path); got != c.want {
			t.Errorf("MatchPath(%q, %q) = %t", c.pattern, c.path, got)
		}
	}
}

// FuzzMatchPath compares with a plain definition.
func FuzzMatchPath(f *testing.F) {
	f.Add("a/**/b", "a/c/b")
	f.Add("**/*.py", "x/y.py")
	var plain func(pattern, path []string) bool
	plain = func(pattern, path []string) bool {
		switch {
		case len(pattern) == 0:
			return len(path) == 0
		case pattern[0] == "**":
			for i := range len(path) + 1 {
				if plain(pattern[1:], path[i:]) {
					return true
				}
			}
			return false
		}
		return len(path) > 0 && Match(pattern[0], path[0]) && plain(pattern[1:], path[1:])
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		parts, names := strings.Split(pattern, "/"), strings.Split(path, "/")
		if len(parts) > 8 || len(names) > 8 {
			t.Skip()
		}
		if got, want := MatchPath(pattern, path), plain(parts, names); got != want {
			t.Errorf("MatchPath(%q, %q) = %t", pattern, path, got)
		}
	})
}
