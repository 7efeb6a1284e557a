package process

import (
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/output"
)

// tap is what a channel has beside its log if its output is listened to, captured or made events of. Most channels have
// none. Like the channel it works in the pump's goroutine; close works in the loop, after the pipe was finished.
type tap struct {
	channel *channel
	hearer  hearer          // the output is a protocol and this understands it; nil: it is output
	events  bool            // stdout_events_enabled
	capture *output.Capture // nil: stdout_capture_maxbytes is 0
	cleared atomic.Bool     // what is being captured is to be forgotten
	tail    []byte          // the incomplete character at the end of the last piece of output
	known   chan struct{}   // closes when pid is known
	pid     int
}

// hearer is an events.Listener or an events.Judge.
type hearer interface {
	Receive(chunk []byte, now time.Time)
}

// newTap makes the tap that the channel needs, nil if it needs none. It is made for each child.
func newTap(c *channel) *tap {
	p := c.process
	t := &tap{channel: c, known: make(chan struct{})}
	switch {
	case c.sink.Channel == api.Stderr:
	case p.role.Listener != nil:
		t.hearer = p.role.Listener
		return t
	case p.role.Handler != nil:
		t.hearer = p.role.Handler
		return t
	}
	t.events = c.config.Events
	if limit := c.config.Capture; limit > 0 {
		t.capture = &output.Capture{Max: int(limit)}
	}
	if t.capture == nil && !t.events {
		return nil
	}
	return t
}

// started tells the child's process id. A child may write before its start is over.
func (t *tap) started(pid int) {
	t.pid = pid
	close(t.known)
}

// write takes a chunk of output after terminal sequences were removed from it.
func (t *tap) write(chunk []byte) {
	if t.capture == nil {
		t.Plain(chunk)
		return
	}
	if t.cleared.Swap(false) {
		t.capture.Discard()
	}
	t.capture.Write(chunk, t)
}

// Plain logs what is ordinary output, and makes an event of it. It implements output.Pieces.
func (t *tap) Plain(data []byte) {
	t.channel.sink.Write(data)
	if t.events && len(data) > 0 {
		t.log(data)
	}
}

// Captured shows what is captured in the main log. It implements output.Pieces.
func (t *tap) Captured(data []byte) { t.channel.sink.Echo(data) }

// Complete makes an event of what was captured. It implements output.Pieces.
func (t *tap) Complete(data []byte) {
	p := t.channel.process
	if p.role.Captured != nil {
		p.role.Captured(data)
		return
	}
	typ := events.OfCommunication(t.channel.sink.Channel)
	if p.host.Events.Wants(typ) {
		<-t.known
		p.host.Events.Emit(typ, events.Communication(p.Name(), p.Group, t.pid, data))
	}
	p.host.Log.Debugf("'%s' %s emitted a comm event", p.Name(), t.channel.sink.Channel)
}

// log makes an event of a piece of output, less a character at its end that is to be continued in the next piece.
func (t *tap) log(data []byte) {
	typ := events.OfLog(t.channel.sink.Channel)
	if !t.channel.process.host.Events.Wants(typ) {
		t.tail = nil
		return
	}
	if t.tail != nil {
		data = append(t.tail, data...)
		t.tail = nil
	}
	n := len(data) - incomplete(data)
	if n < len(data) {
		t.tail = append([]byte(nil), data[n:]...)
	}
	if n > 0 {
		t.emitLog(typ, data[:n])
	}
}

func (t *tap) emitLog(typ events.Type, data []byte) {
	p := t.channel.process
	<-t.known
	p.host.Events.Emit(typ, events.Log(p.Name(), p.Group, t.pid, t.channel.sink.Channel, data))
}

// incomplete is how many bytes at the end of data begin a character that may be continued, at most three.
func incomplete(data []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(data)); n++ {
		if c := data[len(data)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(data[len(data)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// close passes on what was held back, when the child is gone.
func (t *tap) close() {
	if t.capture != nil {
		t.capture.Flush(t)
	}
	if t.tail != nil {
		t.emitLog(events.OfLog(t.channel.sink.Channel), t.tail)
		t.tail = nil
	}
}
