// Package metrics writes measurements in the formats that Prometheus reads: the table of all families with their names, types and help,
// and a writer that appends the text of their series. It is pure: values are arguments, and it keeps nothing. Any goroutine may call it.
package metrics

import "time"

// Unknown is a number that is not known: its series is left out.
const Unknown = -1

// Part is a set of families.
type Part uint8

// The parts.
const (
	Daemon Part = 1 << iota
	Processes
	Resources
	All = Daemon | Processes | Resources
)

var partNames = [...]string{"daemon", "process", "resources"}

// ParsePart returns the part of that name.
func ParsePart(name string) (p Part, ok bool) {
	for i, n := range partNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// String returns the name of a part.
func (p Part) String() string {
	for i, n := range partNames {
		if p == 1<<i {
			return n
		}
	}
	return ""
}

// Values are all measurements at a moment.
type Values struct {
	Version, GoVersion, Identifier string

	Start     time.Time // of supervisord
	State     int
	Read      time.Time     // when the configuration was read last; zero: it is not known
	Changed   int64         // 1 if its files have changed since, 0 if not; Unknown
	CPU       time.Duration // of supervisord itself; Unknown
	RSS       int64         // in bytes; Unknown
	FDs       int64         // open; Unknown
	MaxFDs    int64         // Unknown
	Processes []Process
	Pools     []Pool
	Servers   []Server
}

// Process are the measurements of a process.
type Process struct {
	Group, Name string

	State    int
	Start    int64 // of the child, in seconds since 1970; 0: there is none
	HasExit  bool  // a child has ended
	ExitCode int
	Failures int   // failed starts in a row
	Healthy  int64 // 0 or 1; Unknown

	Starts, Restarts     uint64
	Expected, Unexpected uint64    // exits
	Logged, Lost         [2]uint64 // bytes of standard output and standard error
	Recycles             []Recycles

	CPU       time.Duration // Unknown, as those that follow
	RSS       int64         // bytes
	FDs       int64
	Threads   int64
	Processes int64
}

// Recycles is how often supervisord has restarted a process for a reason of its own.
type Recycles struct {
	Reason string
	Number uint64
}

// Pool are the measurements of the listeners of events in a group.
type Pool struct {
	Name     string
	Queued   int
	Events   uint64 // that the pool has subscribed to
	Dropped  uint64 // because too many waited
	Rejected uint64 // answers of listeners
}

// Server are the measurements of an HTTP server.
type Server struct {
	Name     string    // of its section
	Requests [5]uint64 // by the first digit of the status, from 1
	Failures uint64    // logins
	Expiry   time.Time // of the certificate; zero: none
}
