package notify

import (
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// Event is what is used of an event of supervisord.
type Event struct {
	Name       string `json:"name"`
	Server     string `json:"server,omitempty"`
	Pool       string `json:"pool,omitempty"`
	Serial     int    `json:"serial"`
	PoolSerial int    `json:"poolserial"`
	Process    string `json:"process,omitempty"`
	Group      string `json:"group,omitempty"`
	From       string `json:"from,omitempty"` // the state before
	Expected   bool   `json:"expected,omitempty"`
	PID        int    `json:"pid,omitempty"`
	Tries      int    `json:"tries,omitempty"`
	Text       string `json:"text,omitempty"` // why a process is unhealthy, or the versions of an upgrade
}

// maxText bounds texts that others choose.
const maxText = 1 << 10

// Parse returns what is used of an event. Of events that are not used only the serials are kept.
func Parse(event childutils.Event) Event {
	e := Event{Name: cut(event.Name()), Server: cut(event.Header["server"]), Pool: cut(event.Header["pool"])}
	e.Serial, _ = strconv.Atoi(event.Header["serial"])
	e.PoolSerial, _ = strconv.Atoi(event.Header["poolserial"])
	if !used(e.Name) {
		return e
	}
	fields, data := event.Data()
	e.Process, e.Group = cut(fields["processname"]), cut(fields["groupname"])
	e.From, e.Expected = cut(fields["from_state"]), fields["expected"] == "1"
	e.PID, _ = strconv.Atoi(fields["pid"])
	e.Tries, _ = strconv.Atoi(fields["tries"])
	e.Text = cut(data)
	if e.Name == "SUPERVISOR_UPGRADED" {
		e.Text = cut(fields["from"] + " to " + fields["to"])
	}
	return e
}

// used reports whether events of a type can lead to a message.
func used(name string) bool {
	return strings.HasPrefix(name, "PROCESS_STATE_") || strings.HasPrefix(name, "PROCESS_HEALTH_") ||
		strings.HasPrefix(name, "SUPERVISOR_") || name == "PROCESS_GROUP_REMOVED"
}

// cut returns the beginning of a text, as UTF-8.
func cut(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ToValidUTF8(strings.TrimSpace(s), "\ufffd")
}

// poolKey identifies the pool of an event, cutPool returns the server.
func poolKey(e Event) string { return e.Server + "\n" + e.Pool }

func cutPool(key string) (server, pool string, ok bool) { return strings.Cut(key, "\n") }
