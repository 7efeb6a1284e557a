// Package screen is the full-screen view of a supervisord as a model: events and keys in, lines of text and commands out. It reads no
// terminal, no clock and no network. A Model belongs to one goroutine.
package screen

import (
	"cmp"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Process is what is known of a process.
type Process struct {
	Group, Name string
	State       api.State
	PID         int       // 0 for none
	Started     time.Time // of the run, zero for none
	Description string    // of status
	Details     []Detail  // for the page of details
	Health      string    // such as "unhealthy", empty without a check

	Resources *Resources // nil if not known
	Restarts  *int       // nil if not known
}

// Namespec returns the name of the process with its group.
func (p *Process) Namespec() string { return api.Namespec(p.Group, p.Name) }

// Resources are those of the processes of a program.
type Resources struct {
	CPU    float64 // percent of a core; negative if not known yet
	Memory int64   // bytes
}

// Detail is a line of the page of details.
type Detail struct{ Name, Text string }

// Snapshot is a supervisord with its processes.
type Snapshot struct {
	Identifier, Version, Host string
	State                     string // such as RUNNING
	Role                      string // of the caller; empty if not known: then everything is offered
	Processes                 []Process
}

// Event is what the Model is updated with.
type Event interface{ event() }

// Key is a key or combination, such as "a", "up", "pgdown", "space", "enter", "esc", "backspace", "ctrl+c".
type Key string

// Paste is text from a clipboard.
type Paste string

// Size is the size of the terminal, in cells.
type Size struct{ Width, Height int }

// Updated is a new state of the supervisord.
type Updated struct{ Snapshot }

// Lost is the end of a connection, or a new attempt that has failed.
type Lost struct{ Reason string }

// Acted is the result of an Act: sentences for the key line.
type Acted struct {
	Text   string
	Failed bool
}

// Second is an event that comes once a second while something on the screen depends on the time.
type Second struct{}

func (Key) event()         {}
func (Paste) event()       {}
func (Size) event()        {}
func (Updated) event()     {}
func (Lost) event()        {}
func (Acted) event()       {}
func (Second) event()      {}
func (LogText) event()     {}
func (LogEnded) event()    {}
func (LogEarlier) event()  {}
func (HistoryRead) event() {}

// Command is what the caller is to do.
type Command interface{ command() }

// Act is an action on processes.
type Act struct {
	Action Action
	Names  []string // namespecs; "group:*" for all of a group
	Signal string
}

// OpenLog opens a log, in place of another one. Its text comes as LogText with that number.
type OpenLog struct {
	Number        int
	Name, Channel string // of a process; both empty for the main log
}

// CloseLog closes the log.
type CloseLog struct{}

// ReadEarlier asks for the text before what there is of a log.
type ReadEarlier struct {
	Number, Bytes int // Bytes is the length of what there is
}

// ReadHistory asks for the history of a process.
type ReadHistory struct{ Group, Name string }

// Suspend stops the program until it is continued.
type Suspend struct{}

// Quit ends the program.
type Quit struct{}

func (Act) command()         {}
func (OpenLog) command()     {}
func (CloseLog) command()    {}
func (ReadEarlier) command() {}
func (ReadHistory) command() {}
func (Suspend) command()     {}
func (Quit) command()        {}

// Options are fixed for a Model.
type Options struct {
	ASCII    bool // no other characters
	Location *time.Location
}

// page is what fills the screen.
type page int

const (
	pageList page = iota // and the log, if it is open
	pageLog
	pageDetails
	pageHistory
	pageHelp
)

// Model is the state of the screen.
type Model struct {
	options Options
	now     time.Time
	size    Size

	snapshot Snapshot
	known    bool      // there has been a snapshot
	lost     time.Time // zero while there is a connection
	reason   string    // of the loss

	page     page
	back     page // below a page of details, history or help
	scroll   int  // of details, history and help
	list     list
	log      log
	pane     bool // the log pane is open
	channel  string
	history  []string
	historic place // whose history it is

	prompt  *prompt
	message string // in the key line, until the next key
	failed  bool   // the message is about a failure
}

// New returns the model before the first snapshot.
func New(o Options) *Model {
	if o.Location == nil {
		o.Location = time.UTC
	}
	return &Model{options: o, channel: "stdout", list: newList()}
}

// Update changes the model by an event at that time.
func (m *Model) Update(e Event, now time.Time) []Command {
	m.now = now
	switch e := e.(type) {
	case Key:
		return m.press(string(e))
	case Paste:
		if m.prompt != nil {
			m.prompt.insert(string(e))
		}
	case Size:
		m.size = e
	case Updated:
		return m.update(e.Snapshot)
	case Lost:
		if m.lost.IsZero() {
			m.lost = now
		}
		m.reason = e.Reason
	case Acted:
		m.message, m.failed = e.Text, e.Failed
	case LogText:
		m.log.add(e)
		return m.fillLog()
	case LogEnded:
		m.log.end(e)
	case LogEarlier:
		m.log.prepend(e)
		if e.Failed != "" && e.Number == m.log.number {
			m.message, m.failed = e.Failed, true
		}
		return m.fillLog()
	case HistoryRead:
		m.readHistory(e)
	}
	return nil
}

// update takes a new snapshot. The cursor and the marks stay with their processes.
func (m *Model) update(s Snapshot) []Command {
	slices.SortFunc(s.Processes, func(a, b Process) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
	})
	back := !m.lost.IsZero()
	m.snapshot, m.known, m.lost, m.reason = s, true, time.Time{}, ""
	m.list.arrange(s.Processes)
	if back && m.log.open { // it ended with the connection
		return []Command{m.openLog(m.log.name, m.log.channel)}
	}
	return m.followCursor()
}

// followCursor opens the log of the process at the cursor if the log pane is open.
func (m *Model) followCursor() []Command {
	if !m.pane || m.page != pageList {
		return nil
	}
	p := m.list.process()
	switch {
	case p == nil && m.log.open:
		m.log = log{number: m.log.number}
		return []Command{CloseLog{}}
	case p == nil || m.log.open && m.log.name == p.Namespec() && m.log.channel == m.channel:
		return nil
	}
	return []Command{m.openLog(p.Namespec(), m.channel)}
}

func (m *Model) openLog(name, channel string) Command {
	m.log = log{number: m.log.number + 1, open: true, name: name, channel: channel, follow: true, wrap: m.log.wrap}
	return OpenLog{Number: m.log.number, Name: name, Channel: channel}
}

// Ticks reports whether the model needs an event Second: while uptimes are shown.
func (m *Model) Ticks() bool { return m.known && m.page == pageList && m.lost.IsZero() }
