package order

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPriority shows that Insert gives the same order as Sort, and that Descending keeps equal ones as they are.
func TestPriority(t *testing.T) {
	priorities := map[string]int{"a": 3, "b": 1, "c": 2, "d": 1, "e": 3}
	r := Rules[string]{Priority: func(u string) int { return priorities[u] }}
	units := []string{"a", "b", "c", "d", "e"}
	want := []string{"b", "d", "c", "a", "e"}
	if d := cmp.Diff(want, r.Sort(units)); d != "" {
		t.Error(d)
	}
	var inserted []string
	for _, u := range units {
		inserted = r.Insert(inserted, u)
	}
	if d := cmp.Diff(want, inserted); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a", "e", "c", "b", "d"}, r.Descending(units)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a", "b", "c", "d", "e"}, units); d != "" {
		t.Errorf("the list was changed: %s", d)
	}
}
