package ctl

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

// TestParseMoment checks the forms of times.
func TestParseMoment(t *testing.T) {
	zone := time.FixedZone("x", 3600)
	now := time.Date(2026, 11, 27, 1, 30, 15, 0, zone)
	for text, want := range map[string]time.Time{
		"10m": now.Add(-10 * time.Minute), "1h30m": now.Add(-90 * time.Minute), "2d": now.Add(-48 * time.Hour), "1w1s": now.Add(-7*24*time.Hour - time.Second),
		"01:30": now.Add(-15 * time.Second), "01:31": now.Add(-24*time.Hour + 45*time.Second), "23:00": time.Date(2026, 11, 26, 23, 0, 0, 0, zone),
		"2026-11-27T00:00:00Z": now.Add(-30*time.Minute - 15*time.Second), "2026-11-27T01:00:00.5+01:00": now.Add(-30*time.Minute - 14500*time.Millisecond),
	} {
		if got, err := parseMoment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "10", "m", "-10m", "10x", "1.5h", "25:00", "12:00:00", "2026-11-27", "999999999w", "15000w15000w", "9999999999s"} {
		if got, err := parseMoment(text, now); err == nil {
			t.Errorf("%s is accepted: %v", text, got)
		}
	}
}

// TestPatternsAreQuoted has patterns with all kinds of characters reach the command as they were typed.
func TestPatternsAreQuoted(t *testing.T) {
	c := &Controller{}
	for _, words := range [][]string{{"logs", "--grep", "a b;c", "web"}, {"logs", "--grep=it's \\d+", "web"}, {"logs", "web", "db"}, {"status", "a b"}, nil,
		{"logs", "--grep"}} {
		line := ""
		for i, word := range c.quoteValues(words) {
			if i > 0 {
				line += " "
			}
			line += word
		}
		var got []string
		if parts := c.split(line); len(parts) == 1 {
			_, arg, _ := parse(parts[0])
			cmd := *c.find("logs")
			cmd.run, cmd.upcheck = func(_ *Controller, args []string) error { got = args; return nil }, false
			if err := c.run(&cmd, arg); err != nil {
				t.Error(err)
			}
		} else {
			t.Errorf("%q is parted: %q", words, parts)
		}
		want := words[min(1, len(words)):]
		if slices.Equal(words, []string{"status", "a b"}) {
			want = []string{"a", "b"}
		}
		if diff := cmp.Diff(append([]string{}, want...), append([]string{}, got...)); diff != "" {
			t.Errorf("%q: %s", words, diff)
		}
	}
}

// TestLogFlagsAreCompleted completes flags of logs, and nothing for their values.
func TestLogFlagsAreCompleted(t *testing.T) {
	c := &Controller{infos: &[]api.ProcessInfo{{Group: "web", Name: "web"}}}
	for line, want := range map[string][]string{
		"logs --s": {"--since "}, "logs --grep w": nil, "logs --since 10m w": {"web "}, "logs -f --until ": nil, "tail -": nil,
	} {
		if _, words := c.complete(line); !slices.Equal(words, want) {
			t.Errorf("%s: %q, want %q", line, words, want)
		}
	}
}
