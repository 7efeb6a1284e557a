package main

import (
	"slices"
	"testing"
	"time"
)

func TestUpgradeTimes(t *testing.T) {
	const log = "2026-11-28 08:39:17,788 INFO upgrade: 5.0.0 can take over, freezing\n2026-11-28 08:39:17,790 INFO other\n" +
		"2026-11-28 08:39:17,814 INFO supervisord was upgraded from 5.0.0 to 5.0.0 with pid 1, 1 program kept running\n" +
		"2026-11-28 08:39:59,999 INFO upgrade: 5.0.0 can take over, freezing\n" +
		"2026-11-28 08:40:00,001 INFO supervisord was upgraded from 5.0.0 to 5.0.0 with pid 1, 1 program kept running\n"
	took, err := upgradeTimes([]byte(log))
	if want := []time.Duration{26 * time.Millisecond, 2 * time.Millisecond}; err != nil || !slices.Equal(took, want) {
		t.Errorf("%v, %v, want %v", took, err, want)
	}
	if _, err := upgradeTimes([]byte("2026-11-28 08:39:17,788 INFO other\n")); err == nil {
		t.Error("no upgrade is no error")
	}
}
