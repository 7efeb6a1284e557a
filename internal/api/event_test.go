package api

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEventTypes checks that the table is a tree, and that the names say so: a type begins with its family's name.
func TestEventTypes(t *testing.T) {
	seen := map[string]bool{}
	for i, row := range EventTypes {
		if row.Name == "" || row.When == "" || seen[row.Name] {
			t.Errorf("row %d: %+v", i, row)
		}
		seen[row.Name] = true
		switch {
		case row.Name == AnyEvent:
			if row.Parent != "" {
				t.Errorf("%s is below %s", row.Name, row.Parent)
			}
		case row.Parent != AnyEvent && !strings.HasPrefix(row.Name, row.Parent+"_"):
			t.Errorf("%s is below %s", row.Name, row.Parent)
		case eventIndex(row.Parent) < int(SentEventTypes):
			t.Errorf("%s is below %s, which is no family", row.Name, row.Parent)
		}
		if i < int(SentEventTypes) && !EventType(i).In(AnyEvent) {
			t.Errorf("%s is not below EVENT", row.Name)
		}
	}
}

// TestEventTypesOfTheOriginal compares the names with those that the original's events= takes.
func TestEventTypesOfTheOriginal(t *testing.T) {
	source, err := os.ReadFile("/usr/lib/python3/dist-packages/supervisor/events.py")
	if err != nil {
		t.Skip("the original is not installed")
	}
	_, class, _ := strings.Cut(string(source), "class EventTypes:\n")
	class, _, _ = strings.Cut(class, "\ndef ")
	var want, got []string
	for _, match := range regexp.MustCompile(`(?m)^    ([A-Z_0-9]+) = `).FindAllStringSubmatch(class, -1) {
		want = append(want, match[1])
	}
	for _, row := range EventTypes {
		if !IsOurEventType(row.Name) {
			got = append(got, row.Name)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-original +ours):\n%s", d)
	}
}

func TestIsReservedEventType(t *testing.T) {
	for name, want := range map[string]bool{
		"TICK": true, "TICK_5": true, "TICK_7": true, "EVENT": true, "EVENT_X": true, "DISK": false, "TICKS": false, "": false,
	} {
		if got := IsReservedEventType(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}
