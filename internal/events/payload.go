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
	var b strings.Builder
	writeProcess(&b, process, group, pid, len(data))
	b.WriteByte('\n')
	writeText(&b, data)
	return b.String()
}

// Log is the payload of a piece of output. Source: "PROCESS_LOG Event Type".
func Log(process, group string, pid int, channel api.Channel, data []byte) string {
	var b strings.Builder
	writeProcess(&b, process, group, pid, len(data))
	b.WriteString(" channel:")
	b.WriteString(channel.String())
	b.WriteByte('\n')
	writeText(&b, data)
	return b.String()
}

// Remote is the payload of what a client sent. Source: sendRemoteCommEvent.
func Remote(typ, data string) string {
	var b strings.Builder
	b.WriteString("type:")
	writeText(&b, []byte(typ))
	b.WriteByte('\n')
	writeText(&b, []byte(data))
	return b.String()
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

// writeProcess writes what payloads with data begin with, and makes room for n bytes of it: data can be long, and is
// copied once.
func writeProcess(b *strings.Builder, process, group string, pid, n int) {
	var room [128]byte
	head := appendPID(appendProcess(room[:0], process, group), pid)
	b.Grow(len(head) + len(" channel:stderr\n") + n)
	b.Write(head)
}

// writeText writes data, or what stands for data that is not UTF-8.
func writeText(b *strings.Builder, data []byte) {
	if utf8.Valid(data) {
		b.Write(data)
		return
	}
	b.WriteString("Undecodable: ")
	b.WriteString(pyrepr.Bytes(data))
}

// characters is how many characters the text has, which is UTF-8: all bytes but those that continue a character. It looks
// at eight of them at a time.
func characters(text string) int {
	const ones = 0x0101010101010101
	data, n := unsafe.Slice(unsafe.StringData(text), len(text)), len(text)
	for ; len(data) >= 8; data = data[8:] {
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
