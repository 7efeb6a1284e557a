package web

import (
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// badge is a text about what a process has beyond others, such as its health. Class is "good", "bad", "busy" or empty.
type badge struct{ Class, Text string }

// badgesOf returns the badges of a process. Description is what its row shows besides them.
func badgesOf(m *api.ProcessMore, description string, now time.Time) (list []badge) {
	add := func(shown bool, class, text string) {
		if shown {
			list = append(list, badge{class, text})
		}
	}
	is := func(flag *bool, want bool) bool { return flag != nil && *flag == want }
	switch m.Health {
	case "":
	case "healthy":
		add(true, "good", "healthy")
	case "unhealthy":
		text := "unhealthy"
		if m.HealthText != "" {
			text += ": " + m.HealthText
		}
		add(true, "bad", text)
	default:
		add(true, "", "health "+m.Health)
	}
	add(is(m.Ready, true), "good", "ready")
	add(is(m.Ready, false), "busy", "not ready")
	add(is(m.Reloading, true), "busy", "reloading")
	waits := "waits for " + m.WaitsFor
	add(m.WaitsFor != "" && waits != description, "busy", waits)
	add(m.StopStep != "", "busy", "stop step: "+m.StopStep)
	add(is(m.Disabled, true), "", "disabled")
	if m.NextStart != nil {
		add(true, "", "next start "+shortTime(time.Unix(int64(*m.NextStart), 0), now))
	}
	add(m.Reason != "", "", "last end: "+m.Reason)
	if m.Restarts != nil && *m.Restarts > 0 {
		text := " restarts"
		if *m.Restarts == 1 {
			text = " restart"
		}
		add(true, "", strconv.Itoa(*m.Restarts)+text)
	}
	add(m.Stale != "", "", "changed for the next start: "+m.Stale)
	add(m.StatusText != "", "", "status: "+m.StatusText)
	return list
}
