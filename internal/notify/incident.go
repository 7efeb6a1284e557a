package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The kinds of incidents: the words of on=, and lost, of which every notification is about.
const (
	Fatal      = "fatal"
	Unexpected = "unexpected"
	Backoff    = "backoff"
	Flapping   = "flapping"
	Recovered  = "recovered"
	Stopped    = "stopped"
	Running    = "running"
	Supervisor = "supervisor"
	Unhealthy  = "unhealthy"
	Lost       = "lost"
	Test       = "test"
)

// Incident is what a message reports about a process, or about supervisord.
type Incident struct {
	Kind    string    `json:"kind"`
	Time    time.Time `json:"time"`              // of the first one
	Last    time.Time `json:"last_time"`         // of the last one
	Count   int       `json:"count"`             // how many of them the message stands for
	Process string    `json:"process,omitempty"` // the name that supervisorctl shows; empty: it is about supervisord
	Group   string    `json:"group,omitempty"`
	PID     int       `json:"pid,omitempty"`
	Text    string    `json:"text"`
}

// isProblem reports whether a kind of incidents needs attention.
func isProblem(kind string) bool {
	switch kind {
	case Fatal, Unexpected, Backoff, Flapping, Unhealthy, Lost:
		return true
	}
	return false
}

// describe returns the text of an incident about an event.
func describe(kind string, e Event) string {
	switch kind {
	case Fatal:
		return "could not be started: FATAL"
	case Unexpected:
		return fmt.Sprintf("exited unexpectedly (pid %d)", e.PID)
	case Backoff:
		return fmt.Sprintf("exited too quickly: BACKOFF (try %d)", e.Tries)
	case Stopped:
		return "was stopped"
	case Running:
		return "is RUNNING"
	case Unhealthy:
		if e.Text == "" {
			return "is unhealthy"
		}
		return "is unhealthy: " + e.Text
	case Supervisor:
		switch e.Name {
		case "SUPERVISOR_STATE_CHANGE_RUNNING":
			return "supervisord has started"
		case "SUPERVISOR_STATE_CHANGE_STOPPING":
			return "supervisord is stopping"
		}
		return "supervisord was upgraded from " + e.Text
	}
	return kind
}

// line returns an incident as a line of text.
func (i Incident) line() string {
	text := i.Text
	if i.Process != "" {
		text = i.Process + " " + text
	}
	if i.Count > 1 {
		text += fmt.Sprintf(" (%d times)", i.Count)
	}
	return text
}

// addTo adds an incident to a list. One of the same kind and process replaces an earlier one and counts for both. If the list is full,
// it is only counted.
func (i Incident) addTo(list []Incident, omitted *int) []Incident {
	same := slices.IndexFunc(list, func(other Incident) bool {
		return other.Kind == i.Kind && other.Process == i.Process && i.Kind != Supervisor
	})
	switch {
	case same >= 0:
		i.Time, i.Count = list[same].Time, i.Count+list[same].Count
		list = slices.Delete(list, same, same+1)
	case len(list) >= maxIncidents:
		*omitted += i.Count
		return list
	}
	return append(list, i)
}

// maxIncidents bounds a message.
const maxIncidents = 100

// status says what the last incidents of each process add up to: problem, recovered or information.
func status(list []Incident) string {
	last := map[string]string{}
	for _, i := range list {
		last[i.Process] = i.Kind
	}
	result := "information"
	for _, kind := range last {
		if isProblem(kind) {
			return "problem"
		}
		if kind == Recovered {
			result = "recovered"
		}
	}
	return result
}

// lines returns a text with a line for each incident.
func lines(list []Incident) string {
	var b strings.Builder
	for _, i := range list {
		fmt.Fprintf(&b, "%s %s\n", i.Last.UTC().Format("2006-01-02 15:04:05Z"), i.line())
	}
	return b.String()
}
