package conformance

import (
	"testing"
	"time"
)

func TestPatience(t *testing.T) {
	const full, least = 30 * time.Second, 3 * time.Second
	var p patience
	check := func(kind string, want time.Duration) {
		t.Helper()
		if got := p.limit(kind, full, least); got != want {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
	}
	p.ended("waitlog", full, false)
	p.ended("waitlog", full, false)
	check("waitlog", full)
	p.ended("waitlog", full, false)
	check("waitlog", least)
	check("waitstate", full)
	check(wholeScript, least)
	p.ended("waitlog", time.Millisecond, true)
	check("waitlog", least)
	p.ended("waitlog", 2*time.Second, true)
	p.ended("waitlog", time.Second, true)
	check("waitlog", 8*time.Second)
	p.ended("waitlog", 9*time.Second, true)
	check("waitlog", full)
}
