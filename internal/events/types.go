package events

import (
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Type is a type of event that is sent. Source: "Event Types".
type Type uint8

// The types that are sent. Those that only stand for a family, such as PROCESS_STATE, are no Type: see Family.
const (
	ProcessStateStarting Type = iota
	ProcessStateRunning
	ProcessStateBackoff
	ProcessStateStopping
	ProcessStateExited
	ProcessStateStopped
	ProcessStateFatal
	ProcessStateUnknown
	ProcessCommunicationStdout
	ProcessCommunicationStderr
	ProcessLogStdout
	ProcessLogStderr
	RemoteCommunication
	SupervisorStateChangeRunning
	SupervisorStateChangeStopping
	Tick5
	Tick60
	Tick3600
	ProcessGroupAdded
	ProcessGroupRemoved
	Extension // any type that a plug-in declared; Event.Name tells which
	types     // how many there are
)

var names = [types]string{
	"PROCESS_STATE_STARTING", "PROCESS_STATE_RUNNING", "PROCESS_STATE_BACKOFF", "PROCESS_STATE_STOPPING",
	"PROCESS_STATE_EXITED", "PROCESS_STATE_STOPPED", "PROCESS_STATE_FATAL", "PROCESS_STATE_UNKNOWN",
	"PROCESS_COMMUNICATION_STDOUT", "PROCESS_COMMUNICATION_STDERR", "PROCESS_LOG_STDOUT", "PROCESS_LOG_STDERR",
	"REMOTE_COMMUNICATION", "SUPERVISOR_STATE_CHANGE_RUNNING", "SUPERVISOR_STATE_CHANGE_STOPPING",
	"TICK_5", "TICK_60", "TICK_3600", "PROCESS_GROUP_ADDED", "PROCESS_GROUP_REMOVED", "",
}

// String is the name in the header, "eventname", empty for Extension.
func (t Type) String() string { return names[t] }

// Set is a set of types.
type Set uint32

// Has is true if t is in the set.
func (s Set) Has(t Type) bool { return s&(1<<t) != 0 }

// Family is what somebody who names a type subscribes to: the type and all below it. The tree is in the names: what is
// below PROCESS_STATE begins with PROCESS_STATE_, and EVENT is above all. An unknown name has no family. Source:
// events=.
func Family(name string) Set {
	var s Set
	for t := range types {
		if name == "EVENT" || names[t] == name || strings.HasPrefix(names[t], name+"_") {
			s |= 1 << t
		}
	}
	return s
}

// OfState is the type for a process that enters a state.
func OfState(s api.State) Type {
	switch s {
	case api.Stopped:
		return ProcessStateStopped
	case api.Starting:
		return ProcessStateStarting
	case api.Running:
		return ProcessStateRunning
	case api.Backoff:
		return ProcessStateBackoff
	case api.Stopping:
		return ProcessStateStopping
	case api.Exited:
		return ProcessStateExited
	case api.Fatal:
		return ProcessStateFatal
	}
	return ProcessStateUnknown
}
