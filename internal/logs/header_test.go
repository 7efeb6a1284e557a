package logs

import (
	"strings"
	"testing"
	"time"
)

func TestHeader(t *testing.T) {
	now := time.Date(2026, 11, 8, 4, 5, 6, 123456789, time.FixedZone("", 3600))
	host := hostName()
	pid := func() int { return 42 }
	for want, h := range map[string]Header{
		"<155>Nov  8 04:05:06 web: ":           {Facility: 19, Severity: 3, Tag: "web", Name: "p", Channel: "stderr"},
		"<14>Nov  8 04:05:06 supervisord: p ":  {Facility: 1, Severity: 6, Name: "p", Channel: "stdout"},
		"<27>Nov  8 04:05:06 supervisord: ":    {Facility: 3, Severity: 3},
		"<14>Nov  8 04:05:06 " + host + " x: ": {Facility: 1, Severity: 6, Tag: "x", Remote: true},
		"<14>1 2026-11-08T04:05:06.123456+01:00 " + host + " p 42 stdout - ": {Facility: 1, Severity: 6, Name: "p", Channel: "stdout", PID: pid,
			RFC5424: true},
		"<14>1 2026-11-08T04:05:06.123456+01:00 " + host + " _a_b_ - stderr - ": {Facility: 1, Severity: 6, Name: "\na bé", Channel: "stderr",
			RFC5424: true},
		"<14>1 2026-11-08T04:05:06.123456+01:00 " + host + " " + strings.Repeat("n", 48) + " 42 stdout - ": {Facility: 1, Severity: 6,
			Name: strings.Repeat("n", 60), Channel: "stdout", PID: pid, RFC5424: true},
		"<14>1 2026-11-08T04:05:06.123456+01:00 " + host + " supervisord 42 - - ": {Facility: 1, Severity: 6, PID: pid, RFC5424: true},
	} {
		if got := string(h.append([]byte("["), h.Severity, now)); got != "["+want {
			t.Errorf("got  %q\nwant %q", got, "["+want)
		}
	}
}

func TestLevelPrefix(t *testing.T) {
	type result struct {
		severity int
		line     string
	}
	for line, want := range map[string]result{"<3>bad": {3, "bad"}, "<0>": {0, ""}, "<7>x": {7, "x"}, "<8>x": {6, "<8>x"}, "<3 x": {6, "<3 x"},
		"": {6, ""}, "<3": {6, "<3"}, "x<3>": {6, "x<3>"}, "<12>x": {6, "<12>x"}} {
		h := Header{Severity: 6, LevelPrefix: true}
		if severity, rest := h.split([]byte(line)); (result{severity, string(rest)}) != want {
			t.Errorf("%q: %d %q", line, severity, rest)
		}
		h.LevelPrefix = false
		if severity, rest := h.split([]byte(line)); severity != 6 || string(rest) != line {
			t.Errorf("%q without the key: %d %q", line, severity, rest)
		}
	}
}

func TestSeverityOfMainLog(t *testing.T) {
	for line, want := range map[string]int{"CRIT": 2, "ERRO": 3, "WARN": 4, "INFO": 6, "DEBG": 7, "TRAC": 7, "BLAT": 7} {
		if got := severityOf([]byte(stampLayout + line + " text")); got != want {
			t.Errorf("%s: %d", line, got)
		}
	}
}
