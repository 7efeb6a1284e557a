package api

import "testing"

func TestSplitNamespec(t *testing.T) {
	for _, c := range []struct {
		namespec, group, process string
		whole                    bool
	}{
		{"web", "web", "web", false}, {"g:web", "g", "web", false}, {"g:*", "g", "", true}, {"g:", "g", "", true},
		{"g:a:b", "g", "a:b", false}, {":x", "", "x", false}, {":", "", "", true}, {"", "", "", false}, {"*", "*", "*", false},
	} {
		group, process, whole := SplitNamespec(c.namespec)
		if group != c.group || process != c.process || whole != c.whole {
			t.Errorf("%q: %q, %q, %v", c.namespec, group, process, whole)
		}
		if !whole && c.namespec != "" && Namespec(group, process) != c.namespec {
			t.Errorf("%q became %q", c.namespec, Namespec(group, process))
		}
	}
}
