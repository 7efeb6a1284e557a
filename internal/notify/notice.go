package notify

import (
	"fmt"
	"strings"
	"time"
)

// Notice is a message as receivers get it: the JSON object of webhooks and commands, and the data of templates.
type Notice struct {
	Type         string     `json:"type"` // supervisor.notification
	ID           string     `json:"id"`
	Timestamp    time.Time  `json:"timestamp"` // when it was made
	Host         string     `json:"host"`
	Server       string     `json:"server,omitempty"` // the identifier of supervisord
	Notification string     `json:"notification"`     // the name of the section
	Status       string     `json:"status"`           // problem, recovered or information
	Title        string     `json:"title"`
	Text         string     `json:"text"`            // a line for each incident
	Group        string     `json:"group,omitempty"` // what the incidents share, by group_by=
	Repeat       bool       `json:"repeat"`          // nothing is new: the problems still exist
	Incidents    []Incident `json:"incidents"`
	Omitted      int        `json:"omitted"`   // incidents that there was no place for
	HeldBack     int        `json:"held_back"` // messages that rate= has held back
	Dropped      int        `json:"dropped"`   // messages that could not be kept
}

// finish sets the title, the text and the status.
func (n *Notice) finish() {
	n.Type = "supervisor.notification"
	n.Status = status(n.Incidents)
	if n.HeldBack > 0 {
		n.Status = "problem"
	}
	var notes []string
	if n.Omitted > 0 {
		notes = append(notes, fmt.Sprintf("%d more incidents are not listed", n.Omitted))
	}
	if n.HeldBack > 0 {
		notes = append(notes, fmt.Sprintf("%d messages were held back", n.HeldBack))
	}
	if n.Dropped > 0 {
		notes = append(notes, fmt.Sprintf("%d messages were dropped", n.Dropped))
	}
	n.Title = n.Host + ": " + n.summary()
	n.Text = lines(n.Incidents)
	for _, note := range notes {
		n.Text += note + "\n"
	}
	n.Text = strings.TrimSuffix(n.Text, "\n")
}

// summary is the title without the host.
func (n *Notice) summary() string {
	if n.HeldBack > 0 {
		return fmt.Sprintf("%d messages were held back", n.HeldBack)
	}
	if len(n.Incidents) == 0 {
		return "no incidents"
	}
	first := n.Incidents[len(n.Incidents)-1]
	for _, i := range n.Incidents { // a problem says more than what else happened
		if isProblem(i.Kind) && n.Status == "problem" {
			first = i
		}
	}
	text := strings.ReplaceAll(first.line(), "\n", " ")
	if more := len(n.Incidents) - 1 + n.Omitted; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}

// Example returns the message of --test.
func Example(host, notification, id string, now time.Time) Notice {
	n := Notice{ID: id, Timestamp: now, Host: host, Notification: notification,
		Incidents: []Incident{{Kind: Test, Time: now, Last: now, Count: 1, Text: "this is a test of supervisor-notify"}}}
	n.finish()
	return n
}
