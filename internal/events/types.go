package events

import "github.com/gosupervisor/supervisor/internal/api"

// Type is a type of event: a built-in one, or Extension.
type Type = api.EventType

// Extension is any type that a plug-in declared; Event.Name is its name.
const Extension = api.SentEventTypes

// Set is a set of types.
type Set uint64

// Has reports whether t is in the set.
func (s Set) Has(t Type) bool { return s&(1<<t) != 0 }

// Family returns the types that a subscription to the name includes: the type of that name, or all types below it. It is
// empty for names that are not built in. Source: events.
func Family(name string) Set {
	var s Set
	for t := range api.SentEventTypes {
		if t.In(name) {
			s |= 1 << t
		}
	}
	if name == api.AnyEvent {
		s |= 1 << Extension
	}
	return s
}

// OfState returns the type of the event about a process that enters the state.
func OfState(s api.State) Type {
	switch s {
	case api.Stopped:
		return api.ProcessStateStopped
	case api.Starting:
		return api.ProcessStateStarting
	case api.Running:
		return api.ProcessStateRunning
	case api.Backoff:
		return api.ProcessStateBackoff
	case api.Stopping:
		return api.ProcessStateStopping
	case api.Exited:
		return api.ProcessStateExited
	case api.Fatal:
		return api.ProcessStateFatal
	}
	return api.ProcessStateUnknown
}

// OfLog returns the type of the event about output on a channel.
func OfLog(c api.Channel) Type {
	if c == api.Stderr {
		return api.ProcessLogStderr
	}
	return api.ProcessLogStdout
}

// OfCommunication returns the type of the event about output captured on a channel.
func OfCommunication(c api.Channel) Type {
	if c == api.Stderr {
		return api.ProcessCommunicationStderr
	}
	return api.ProcessCommunicationStdout
}
