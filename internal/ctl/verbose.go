package ctl

import (
	"time"
	"unicode"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// printVerbose prints the table with lines below each process about what it has beyond others.
func (c *Controller) printVerbose(infos []api.ProcessInfo) {
	width := tableWidth(infos)
	for _, info := range infos {
		c.printRow(info, width)
		if info.More == nil {
			continue
		}
		for _, line := range verboseLines(info.More) {
			if line.text != "" {
				c.println("  " + line.label + pyrepr.Escape(line.text, unicode.IsControl))
			}
		}
	}
}

type verboseLine struct{ label, text string }

// verboseLines are the lines about a process, with an empty text where one does not apply.
func verboseLines(m *api.ProcessMore) []verboseLine {
	next, changed, disabled := "", "", ""
	if m.NextStart != nil {
		next = localTime(*m.NextStart)
		if m.NextStartReason == string(api.WhySchedule) {
			next += " (cron)"
		}
	}
	if m.Stale != "" {
		changed = m.Stale + " (from the next start)"
	}
	if m.Disabled != nil && *m.Disabled {
		disabled = "yes"
	}
	return []verboseLine{{"health     ", healthText(m)}, {"waits for  ", m.WaitsFor}, {"status     ", m.StatusText}, {"next start ", next},
		{"reason     ", m.Reason}, {"changed    ", changed}, {"disabled   ", disabled},
		{"limits     ", m.Limits}}
}

// healthText is as in "unhealthy since 2026-11-28 03:00:00, liveness: HTTP 503".
func healthText(m *api.ProcessMore) string {
	text := m.Health
	if text != "" && m.HealthSince != nil {
		text += " since " + localTime(*m.HealthSince)
	}
	if m.HealthText == "" {
		return text
	}
	text += ", "
	if m.HealthCheck != "" {
		text += m.HealthCheck + ": "
	}
	return text + m.HealthText
}

func localTime(seconds int) string { return time.Unix(int64(seconds), 0).Format(time.DateTime) }
