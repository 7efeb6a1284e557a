// Package api has the concepts that supervisord and supervisorctl share, and the tables of them: states, faults, members of
// results, event types, log levels, channels, namespecs and the version. It imports no other package of this module. Its
// functions are pure; any goroutine may call them.
package api

// Version is the version of both programs. It is a variable for tests of upgrades, which build a supervisord of another version.
var Version = "5.0.0"

// APIVersion is the version of the XML-RPC interface that clients check for.
const APIVersion = "3.0"

// State is the state of a process; clients see its number. Source: getProcessInfo.
type State int

const (
	Stopped  State = 0
	Starting State = 10
	Running  State = 20
	Backoff  State = 30
	Stopping State = 40
	Exited   State = 100
	Fatal    State = 200
	Unknown  State = 1000
)

// States lists every state in ascending order of its number.
var States = []State{Stopped, Starting, Running, Backoff, Stopping, Exited, Fatal, Unknown}

// String is the state's name as clients see it. Source: getProcessInfo.
func (s State) String() string {
	switch s {
	case Stopped:
		return "STOPPED"
	case Starting:
		return "STARTING"
	case Running:
		return "RUNNING"
	case Backoff:
		return "BACKOFF"
	case Stopping:
		return "STOPPING"
	case Exited:
		return "EXITED"
	case Fatal:
		return "FATAL"
	}
	return "UNKNOWN"
}

// IsStopped reports whether there is no child, and none is started automatically.
func (s State) IsStopped() bool { return s == Stopped || s == Exited || s == Fatal || s == Unknown }

// IsRunning reports whether the process can be stopped but not started.
func (s State) IsRunning() bool { return s == Starting || s == Running || s == Backoff }

// IsSignallable reports whether there is a child to which signals can be sent.
func (s State) IsSignallable() bool { return s == Starting || s == Running || s == Stopping }

// DaemonState is the state of supervisord itself. Source: getState.
type DaemonState int

const (
	DaemonShutdown   DaemonState = -1
	DaemonRestarting DaemonState = 0
	DaemonRunning    DaemonState = 1
	DaemonFatal      DaemonState = 2
)

// String is the state's name as clients see it. Source: getState.
func (s DaemonState) String() string {
	switch s {
	case DaemonShutdown:
		return "SHUTDOWN"
	case DaemonRestarting:
		return "RESTARTING"
	case DaemonRunning:
		return "RUNNING"
	}
	return "FATAL"
}
