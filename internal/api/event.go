package api

import (
	"slices"
	"strings"
)

// EventType is a type of event that is sent to listeners, as its index in EventTypes. Source: events.html#event-types.
type EventType uint8

// The types that are sent.
const (
	ProcessStateStarting EventType = iota
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
	ProcessHealthUp
	ProcessHealthDown
	ProcessMemberAdded
	ProcessMemberRemoved
	ProcessHeld
	SupervisorUpgraded
	SentEventTypes // how many there are
)

// AnyEvent is the family of all events.
const AnyEvent = "EVENT"

// EventTypeInfo describes an event type or a family of types.
type EventTypeInfo struct {
	Name   string
	Parent string // the family right above, empty for AnyEvent
	When   string // completes the sentence "An event is sent when"
}

// EventTypes is the table of the names that events= takes: the types that are sent, then the families, which are
// subscribed to only. docs/events.md shows it.
var EventTypes = [...]EventTypeInfo{
	ProcessStateStarting:          {"PROCESS_STATE_STARTING", "PROCESS_STATE", "a process enters STARTING"},
	ProcessStateRunning:           {"PROCESS_STATE_RUNNING", "PROCESS_STATE", "a process enters RUNNING"},
	ProcessStateBackoff:           {"PROCESS_STATE_BACKOFF", "PROCESS_STATE", "a process enters BACKOFF"},
	ProcessStateStopping:          {"PROCESS_STATE_STOPPING", "PROCESS_STATE", "a process enters STOPPING"},
	ProcessStateExited:            {"PROCESS_STATE_EXITED", "PROCESS_STATE", "a process enters EXITED"},
	ProcessStateStopped:           {"PROCESS_STATE_STOPPED", "PROCESS_STATE", "a process enters STOPPED"},
	ProcessStateFatal:             {"PROCESS_STATE_FATAL", "PROCESS_STATE", "a process enters FATAL"},
	ProcessStateUnknown:           {"PROCESS_STATE_UNKNOWN", "PROCESS_STATE", "a process enters UNKNOWN"},
	ProcessCommunicationStdout:    {"PROCESS_COMMUNICATION_STDOUT", "PROCESS_COMMUNICATION", "a process wrote a message between the two tokens to its standard output"},
	ProcessCommunicationStderr:    {"PROCESS_COMMUNICATION_STDERR", "PROCESS_COMMUNICATION", "a process wrote a message between the two tokens to its standard error"},
	ProcessLogStdout:              {"PROCESS_LOG_STDOUT", "PROCESS_LOG", "a process with `stdout_events_enabled=true` wrote to its standard output"},
	ProcessLogStderr:              {"PROCESS_LOG_STDERR", "PROCESS_LOG", "a process with `stderr_events_enabled=true` wrote to its standard error"},
	RemoteCommunication:           {"REMOTE_COMMUNICATION", AnyEvent, "a client called `sendRemoteCommEvent`"},
	SupervisorStateChangeRunning:  {"SUPERVISOR_STATE_CHANGE_RUNNING", "SUPERVISOR_STATE_CHANGE", "supervisord has started"},
	SupervisorStateChangeStopping: {"SUPERVISOR_STATE_CHANGE_STOPPING", "SUPERVISOR_STATE_CHANGE", "supervisord begins to stop"},
	Tick5:                         {"TICK_5", "TICK", "the wall clock reaches a multiple of five seconds"},
	Tick60:                        {"TICK_60", "TICK", "the wall clock reaches a full minute"},
	Tick3600:                      {"TICK_3600", "TICK", "the wall clock reaches a full hour"},
	ProcessGroupAdded:             {"PROCESS_GROUP_ADDED", "PROCESS_GROUP", "a group becomes active"},
	ProcessGroupRemoved:           {"PROCESS_GROUP_REMOVED", "PROCESS_GROUP", "a group is removed"},
	ProcessHealthUp:               {"PROCESS_HEALTH_UP", "PROCESS_HEALTH", "a process with a liveness check or a watchdog becomes healthy"},
	ProcessHealthDown:             {"PROCESS_HEALTH_DOWN", "PROCESS_HEALTH", "such a process becomes unhealthy"},
	ProcessMemberAdded:            {"PROCESS_MEMBER_ADDED", "PROCESS_MEMBER", "an active group gets a process"},
	ProcessMemberRemoved:          {"PROCESS_MEMBER_REMOVED", "PROCESS_MEMBER", "an active group loses a process"},
	ProcessHeld:                   {"PROCESS_HELD", AnyEvent, "a start without a request begins to wait for dependencies; `/` takes the place of each `:`, so that `childutils` can read it"},
	SupervisorUpgraded:            {"SUPERVISOR_UPGRADED", AnyEvent, "supervisord was replaced by another version without a stop"},

	{AnyEvent, "", "anything below happens, or a plug-in emits an event of its own"},
	{"PROCESS_STATE", AnyEvent, "a process changes its state"},
	{"PROCESS_COMMUNICATION", AnyEvent, "a process wrote a message between the two tokens"},
	{"PROCESS_LOG", AnyEvent, "a process with `stdout_events_enabled` or `stderr_events_enabled` wrote to that channel"},
	{"SUPERVISOR_STATE_CHANGE", AnyEvent, "supervisord changes its own state"},
	{"TICK", AnyEvent, "time passes"},
	{"PROCESS_GROUP", AnyEvent, "the set of active groups changes"},
	{"PROCESS_HEALTH", AnyEvent, "the health of a process changes"},
	{"PROCESS_MEMBER", AnyEvent, "the processes of an active group change"},
}

// String returns the name in the header of an event. Source: events.html#header-tokens.
func (t EventType) String() string { return EventTypes[t].Name }

// In reports whether a subscription to the name includes t: the name is t's own or that of a family above it.
func (t EventType) In(name string) bool {
	for row := EventTypes[t]; row.Name != name; row = EventTypes[eventIndex(row.Parent)] {
		if row.Parent == "" {
			return false
		}
	}
	return true
}

// IsEventType reports whether events= takes the name without a plug-in that declares it.
func IsEventType(name string) bool { return eventIndex(name) >= 0 }

func eventIndex(name string) int {
	return slices.IndexFunc(EventTypes[:], func(row EventTypeInfo) bool { return row.Name == name })
}

// IsOurEventType reports whether the name is built in here and not in the original.
func IsOurEventType(name string) bool {
	i := eventIndex(name)
	return i >= int(ProcessHealthUp) && i < int(SentEventTypes) || name == "PROCESS_HEALTH" || name == "PROCESS_MEMBER"
}

// IsReservedEventType reports whether a plug-in must not declare the name, because a built-in type has it or, with an
// underscore, begins it.
func IsReservedEventType(name string) bool {
	for _, row := range EventTypes {
		if rest, ok := strings.CutPrefix(name, row.Name); ok && (rest == "" || rest[0] == '_') {
			return true
		}
	}
	return false
}
