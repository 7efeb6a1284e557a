package events

import (
	"strconv"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Move is a process's change of state.
type Move struct {
	Process, Group string
	From, To       api.State
	Tries          int  // failed starts in a row, for STARTING and BACKOFF
	Expected       bool // for EXITED
	PID            int  // 0: there is no child
}

// Payload tells the event that m is. Source: "PROCESS_STATE Event Type".
func (m Move) Payload() (Type, string) {
	b := appendProcess(nil, m.Process, m.Group)
	b = append(b, " from_state:"...)
	b = append(b, m.From.String()...)
	switch m.To {
	case api.Starting, api.Backoff:
		b = append(b, " tries:"...)
		b = strconv.AppendInt(b, int64(m.Tries), 10)
	case api.Exited:
		b = append(b, " expected:0"...)
		if m.Expected {
			b[len(b)-1] = '1'
		}
		b = appendPID(b, m.PID)
	case api.Running, api.Stopping, api.Stopped:
		b = appendPID(b, m.PID)
	}
	return OfState(m.To), string(b)
}

// Communication is the payload of what a child wrote between the two tokens. Source: "PROCESS_COMMUNICATION Event
// Type".
func Communication(process, group string, pid int, data []byte) string {
	b := make([]byte, 0, len(process)+len(group)+len(data)+48)
	b = appendPID(appendProcess(b, process, group), pid)
	b = append(b, '\n')
	return string(appendText(b, data))
}

// Log is the payload of a piece of output. Source: "PROCESS_LOG Event Type".
func Log(process, group string, pid int, channel string, data []byte) string {
	b := make([]byte, 0, len(process)+len(group)+len(data)+64)
	b = appendPID(appendProcess(b, process, group), pid)
	b = append(b, " channel:"...)
	b = append(b, channel...)
	b = append(b, '\n')
	return string(appendText(b, data))
}

// Remote is the payload of what a client sent. Source: sendRemoteCommEvent.
func Remote(typ, data string) string {
	b := appendText([]byte("type:"), []byte(typ))
	return string(appendText(append(b, '\n'), []byte(data)))
}

// Group is the payload for a group that was added or removed; it ends with a line feed.
func Group(name string) string { return "groupname:" + name + "\n" }

// Tick is the payload of a tick; when is the beginning of the slice of time, in seconds since 1970.
func Tick(when int64) string { return "when:" + strconv.FormatInt(when, 10) }

func appendProcess(b []byte, process, group string) []byte {
	b = append(b, "processname:"...)
	b = append(b, process...)
	b = append(b, " groupname:"...)
	return append(b, group...)
}

func appendPID(b []byte, pid int) []byte {
	b = append(b, " pid:"...)
	return strconv.AppendInt(b, int64(pid), 10)
}

// appendText appends data, or what stands for data that is not UTF-8.
func appendText(b, data []byte) []byte {
	if utf8.Valid(data) {
		return append(b, data...)
	}
	return append(append(b, "Undecodable: "...), pyrepr.Bytes(data)...)
}
