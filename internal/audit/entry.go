package audit

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/output"
)

// Entry is what is recorded of a request, or of a signal. Fields that are empty are left out.
type Entry struct {
	Time     time.Time // when it is over
	User     string
	By       access.Way
	From     string // the address of the client, or its process
	OnBehalf string // who has asked the client, as that says
	Role     access.Role
	Server   string // the section of the server
	Via      Via
	Action   string
	Target   string
	Result   string
	Took     time.Duration
	Omitted  int // entries that were left out before this one, because there were too many refusals
}

// Via is the way by which a request has come.
type Via string

// The ways.
const (
	RPC    Via = "rpc"
	Web    Via = "web"
	API    Via = "api"
	Signal Via = "signal"
)

// ways are the words for how a client has shown who it is.
var ways = [...]string{access.ByNothing: "anonymous", access.ByCertificate: "certificate", access.ByPassword: "password",
	access.ByToken: "token", access.ByPeer: "peer"}

// maxText is the longest text of an entry that a client chooses, in bytes.
const maxText = 256

// timeLayout is RFC 3339 with milliseconds, in UTC.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// Append adds the entry to b, as an object on a line. Control characters are escaped, so that a name cannot make another line.
func (e *Entry) Append(b []byte) []byte {
	b = append(e.Time.UTC().AppendFormat(append(b, `{"time":"`...), timeLayout), '"')
	text := func(name, value string) {
		if value != "" {
			b = append(append(append(b, `,"`...), name...), `":`...)
			b = output.AppendJSON(b, []byte(shorten(value)))
		}
	}
	text("user", e.User)
	if e.Via != Signal && int(e.By) < len(ways) {
		text("by", ways[e.By])
	}
	text("from", e.From)
	text("on_behalf", e.OnBehalf)
	text("role", e.Role.String())
	text("server", e.Server)
	text("via", string(e.Via))
	text("action", e.Action)
	text("target", e.Target)
	text("result", e.Result)
	b = strconv.AppendInt(append(b, `,"ms":`...), max(e.Took, 0).Milliseconds(), 10)
	if e.Omitted > 0 {
		b = strconv.AppendInt(append(b, `,"omitted":`...), int64(e.Omitted), 10)
	}
	return append(b, '}', '\n')
}

// shorten returns the beginning of a text that is too long.
func shorten(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for end > maxText-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}
