package events

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Move is a change of state of a process.
type Move struct {
	Process, Group string
	From, To       api.State
	Tries          int  // failed starts in a row, for STARTING and BACKOFF
	Expected       bool // for EXITED
	PID            int  // 0: no child
}

// Payload returns the type and the payload of the event about m. Source: events.html#process-state-event-type.
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

// Communication returns the payload for a message that a child wrote between the two tokens. Source:
// events.html#process-communication-event-type.
func Communication(process, group string, pid int, data []byte) string {
	var b strings.Builder
	writeProcess(&b, process, group, pid, len(data))
	b.WriteByte('\n')
	writeText(&b, data)
	return b.String()
}

// Log returns the payload for a piece of output. Source: events.html#process-log-event-type.
func Log(process, group string, pid int, channel api.Channel, data []byte) string {
	var b strings.Builder
	writeProcess(&b, process, group, pid, len(data))
	b.WriteString(" channel:")
	b.WriteString(channel.String())
	b.WriteByte('\n')
	writeText(&b, data)
	return b.String()
}

// Remote returns the payload for a message of a client. Source: sendRemoteCommEvent.
func Remote(typ, data string) string {
	var b strings.Builder
	b.WriteString("type:")
	b.WriteString(remoteType(typ))
	b.WriteByte('\n')
	writeText(&b, []byte(data))
	return b.String()
}

// Group returns the payload for a group that was added or removed. It ends with a line feed.
func Group(name string) string { return "groupname:" + headerName(name) + "\n" }

// Health returns the type and the payload for a process that became healthy, or unhealthy for a reason. Check is what found it out:
// "liveness", "readiness" or "watchdog".
func Health(process, group, check string, pid int, healthy bool, reason string) (Type, string) {
	b := append(append(appendProcess(nil, process, group), " check:"...), check...)
	b = append(appendPID(b, pid), '\n')
	typ := api.ProcessHealthUp
	if !healthy {
		typ = api.ProcessHealthDown
	}
	var text strings.Builder
	writeText(&text, []byte(reason))
	return typ, string(b) + text.String()
}

// Member returns the payload for a process that its group got or lost.
func Member(process, group string) string { return string(appendProcess(nil, process, group)) }

// Held returns the payload for a start that waits for conditions, such as "db:ready, g:db:exited". It is a line of tokens with one
// colon each, because the original's childutils splits them there, and raises an exception at a second one: a slash, which no name
// can have, takes the place of the colons.
func Held(process, group, conditions string) string {
	return Member(process, group) + " waits_for:" + slashes.Replace(conditions)
}

var slashes = strings.NewReplacer(" ", "", ":", "/")

// Upgraded returns the payload for a new version of supervisord.
func Upgraded(from, to string) string { return "from:" + from + " to:" + to }

// Tick returns the payload of a tick. When is the beginning of the period, in seconds since 1970.
func Tick(when int64) string { return "when:" + strconv.FormatInt(when, 10) }

func appendProcess(b []byte, process, group string) []byte {
	b = append(b, "processname:"...)
	b = append(b, headerName(process)...)
	b = append(b, " groupname:"...)
	return append(b, headerName(group)...)
}

func appendPID(b []byte, pid int) []byte {
	b = append(b, " pid:"...)
	return strconv.AppendInt(b, int64(pid), 10)
}

// writeProcess writes the beginning of a payload with n bytes of data. It allocates for all of it, so that long data is
// copied once only.
func writeProcess(b *strings.Builder, process, group string, pid, n int) {
	var buf [128]byte
	head := appendPID(appendProcess(buf[:0], process, group), pid)
	b.Grow(len(head) + len(" channel:stderr\n") + n)
	b.Write(head)
}

// writeText writes data, or a description of it if it is not UTF-8.
func writeText(b *strings.Builder, data []byte) {
	if utf8.Valid(data) {
		b.Write(data)
		return
	}
	b.WriteString("Undecodable: ")
	b.WriteString(pyrepr.Bytes(data))
}

// characters returns the number of characters in text, which is UTF-8: all bytes but those that continue a character. It
// counts eight bytes at a time, and passes over those that are ASCII four times as fast.
func characters(text string) int {
	const ones = 0x0101010101010101
	data, n := unsafe.Slice(unsafe.StringData(text), len(text)), len(text)
	const high = ones << 7
	for ; len(data) >= 8; data = data[8:] {
		for len(data) >= 32 && (binary.LittleEndian.Uint64(data)|binary.LittleEndian.Uint64(data[8:])|
			binary.LittleEndian.Uint64(data[16:])|binary.LittleEndian.Uint64(data[24:]))&high == 0 {
			data = data[32:]
		}
		if len(data) < 8 {
			break
		}
		word := binary.LittleEndian.Uint64(data)
		n -= bits.OnesCount64(word >> 7 &^ (word >> 6) & ones)
	}
	for _, b := range data {
		if !utf8.RuneStart(b) {
			n--
		}
	}
	return n
}
