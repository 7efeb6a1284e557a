package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

const (
	minInterval = 100 * time.Millisecond // between two messages to a page; changes in between are sent together
	keepAlive   = 15 * time.Second       // between two events that show that the connection works
)

// events is a stream of server-sent events with the rows that change. It begins with the rows that have changed since the
// page was made. When groups were added or removed or supervisord was restarted, it sends a reload event and ends. Without
// open pages nothing runs.
func (h *Handler) events(w http.ResponseWriter, r *http.Request) (status int) {
	if r.Method != http.MethodGet {
		return http.StatusBadRequest
	}
	if !budget.Viewers.Take(1) {
		return http.StatusServiceUnavailable
	}
	defer budget.Viewers.Release(1)
	since := r.Header.Get("Last-Event-Id") // sent when the browser reconnects
	if since == "" {
		since = r.Form.Get("since")
	}
	nanoseconds, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		return http.StatusBadRequest
	}
	call := waiting.Of(r.Context())
	var state LiveState
	resumed := call.Enter(&state) == waiting.Resume
	if resumed {
		nanoseconds = state.Since
	}
	watch, snap, err := h.ops.For(r.Context()).Watch(time.Unix(0, nanoseconds))
	if err != nil {
		_ = errorStatus(err)
		return http.StatusServiceUnavailable
	}
	defer watch.Close()
	control := http.NewResponseController(w)
	defer context.AfterFunc(r.Context(), func() { _ = control.SetWriteDeadline(time.Now()) })()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // no buffering in a proxy
	v := &viewer{w: w, control: control, ctx: r.Context(), call: call, resumed: resumed, current: r.Form.Get("instance") == h.instance(access.Of(r.Context())),
		may: mayOf(access.Of(r.Context()))}
	v.layout, _ = strconv.Atoi(r.Form.Get("layout"))
	if resumed {
		_ = control.Flush()
		call.HeaderSent()
	}
	v.follow(watch, snap)
	return 0
}

// viewer is an open page that is updated.
type viewer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	ctx     context.Context
	call    *waiting.Call
	resumed bool
	since   int64 // nanoseconds since 1970 of what the page has
	current bool  // the page is of this run of supervisord
	layout  int   // as the page shows it
	may     may
}

// follow sends changes until the page is closed.
func (v *viewer) follow(watch *operations.Watch, snap operations.Snapshot) {
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	first := !v.resumed
	for {
		if !v.current || snap.Layout != v.layout {
			_ = v.send([]byte("event: reload\ndata:\n\n"))
			return
		}
		if (first || len(snap.Processes) > 0) && v.send(message(snap, v.may)) != nil {
			return
		}
		first, v.since = false, snap.At.UnixNano()
		v.call.HeaderSent()
		pause.Reset(minInterval)
	pausing:
		for {
			select {
			case <-pause.C:
				break pausing
			case <-v.call.Frozen():
				v.park()
			case <-v.ctx.Done():
				return
			}
		}
	waiting:
		for {
			select {
			case <-watch.Ready():
				break waiting
			case <-v.call.Frozen():
				v.park()
			case <-alive.C:
				if v.send([]byte("event: keepalive\ndata:\n\n")) != nil {
					return
				}
			case <-v.ctx.Done():
				return
			}
		}
		var err error
		if snap, err = watch.Take(); err != nil {
			return
		}
	}
}

// LiveState is an open page that is updated.
type LiveState struct {
	Since int64 `json:"since"`
}

// park waits while the servers are frozen.
func (v *viewer) park() { v.call.Park(func() any { return LiveState{v.since} }) }

// message is the event for a snapshot: its time and its rows as HTML, one a line. The browser sends the id when it
// reconnects.
func message(snap operations.Snapshot, may may) []byte {
	var b, line bytes.Buffer
	fmt.Fprintf(&b, "id: %d\ndata: %d\n", snap.At.UnixNano(), snap.At.Unix())
	for _, view := range snap.Processes {
		line.Reset()
		if err := pages().ExecuteTemplate(&line, "row", rowOf(view, snap.At, may)); err != nil {
			continue // the page keeps the old row
		}
		b.WriteString("data: ")
		for _, part := range bytes.FieldsFunc(line.Bytes(), func(c rune) bool { return c == '\n' || c == '\r' }) {
			b.Write(part)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// send sends a message and flushes it.
func (v *viewer) send(message []byte) error {
	if v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	if _, err := v.w.Write(message); err != nil {
		return err
	}
	return v.control.Flush()
}
