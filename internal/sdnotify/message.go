package sdnotify

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// State is what a program reports about itself.
type State uint8

// The states. Of several in one notification the last one counts.
const (
	None State = iota
	Ready
	Reloading
	Stopping
)

// Watchdog is what a notification means for the watchdog.
type Watchdog uint8

// The notifications for the watchdog.
const (
	Silent  Watchdog = iota // nothing
	Alive                   // the program works
	Trigger                 // the program has a failure of its own: as if it were late
)

// Source is what a message came through.
type Source uint8

// The sources.
const (
	FromSocket Source = iota
	FromPipe
	FromLog
)

// Message is one notification of a program. The zero value of a field means that the notification does not have it. Source:
// sd_notify(3).
type Message struct {
	Source   Source
	State    State
	Watchdog Watchdog
	Barrier  bool          // FD is to be closed when all messages before have been handled
	Ended    bool          // the readiness pipe was closed without a line feed
	FD       int           // of a barrier
	Refused  int           // the user of a message that does not count; reported once for each child
	MainPID  int           // the process that is to be supervised from now on
	Interval time.Duration // new interval of the watchdog
	Extend   time.Duration // the present deadline is at least so far away
	Status   *string       // what the program does, for people
	Unknown  string        // name of an assignment that means nothing here
}

// The limits of what is kept of a message, in bytes.
const (
	maxMessage = 4 << 10
	maxStatus  = 256
	maxUnknown = 64
)

// parse reads the assignments of a datagram, one a line. What is not valid counts as unknown.
func parse(data []byte) (m Message) {
	for line := range strings.SplitSeq(string(data), "\n") {
		name, value, _ := strings.Cut(line, "=")
		if assign := assignments[name]; assign == nil || !assign(&m, value) {
			if m.Unknown == "" {
				m.Unknown = printable(name, maxUnknown)
			}
		}
	}
	return m
}

// assignments take the values of the known names. They return false for an invalid one.
var assignments = map[string]func(m *Message, value string) bool{
	"":          func(*Message, string) bool { return true }, // an empty line
	"READY":     state(Ready),
	"RELOADING": state(Reloading),
	"STOPPING":  state(Stopping),
	"STATUS": func(m *Message, value string) bool {
		text := printable(value, maxStatus)
		m.Status = &text
		return true
	},
	"WATCHDOG": func(m *Message, value string) bool {
		switch value {
		case "1":
			m.Watchdog = max(m.Watchdog, Alive)
		case "trigger":
			m.Watchdog = Trigger
		default:
			return false
		}
		return true
	},
	"WATCHDOG_USEC":       microseconds(func(m *Message) *time.Duration { return &m.Interval }),
	"EXTEND_TIMEOUT_USEC": microseconds(func(m *Message) *time.Duration { return &m.Extend }),
	"MAINPID": func(m *Message, value string) bool {
		pid, err := strconv.ParseInt(value, 10, 32)
		if err != nil || pid < 1 {
			return false
		}
		m.MainPID = int(pid)
		return true
	},
	"BARRIER": func(m *Message, value string) bool {
		m.Barrier = value == "1"
		return m.Barrier
	},
	"MONOTONIC_USEC": func(*Message, string) bool { return true }, // accompanies RELOADING=1
}

func state(s State) func(*Message, string) bool {
	return func(m *Message, value string) bool {
		if value != "1" {
			return false
		}
		m.State = s
		return true
	}
}

// microseconds takes a positive number of them. What no duration can hold becomes the longest one.
func microseconds(field func(*Message) *time.Duration) func(*Message, string) bool {
	const most = uint64(1<<63-1) / uint64(time.Microsecond)
	return func(m *Message, value string) bool {
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil || n == 0 {
			return false
		}
		*field(m) = time.Duration(min(n, most)) * time.Microsecond
		return true
	}
}

// printable returns text of at most limit bytes, in which controls, what is no UTF-8 and what XML cannot have is U+FFFD.
func printable(text string, limit int) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) || r == 0xfffe || r == 0xffff {
			r = utf8.RuneError
		}
		if b.Len()+utf8.RuneLen(r) > limit {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
