package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/rpc"
)

const (
	// maxViewers is how many pages may be kept up to date at a time.
	maxViewers = 64
	// breath is the least time between two messages to a page: what changes meanwhile comes in one.
	breath = 100 * time.Millisecond
	// beat is how often a page hears that the connection stands.
	beat = 15 * time.Second
	// patience is how long a page may take to read a message.
	patience = 30 * time.Second
)

// events keeps a page up to date: a stream of server-sent events with the rows that change. It begins with those that have
// changed since the page was made. When the page as a whole is out of date, because groups came or went or supervisord was
// restarted, it says so and ends. While nobody looks nothing runs.
func (h *Handler) events(w http.ResponseWriter, r *http.Request) (status int) {
	if r.Method != http.MethodGet {
		return http.StatusBadRequest
	}
	if h.viewers.Add(1) > maxViewers {
		h.viewers.Add(-1)
		return http.StatusServiceUnavailable
	}
	defer h.viewers.Add(-1)
	since := r.Header.Get("Last-Event-Id") // the browser connects again by itself
	if since == "" {
		since = r.Form.Get("since")
	}
	nanoseconds, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		return http.StatusBadRequest
	}
	watch, snap, err := h.rpc.Watch(time.Unix(0, nanoseconds))
	if err != nil {
		_ = refused(err)
		return http.StatusServiceUnavailable
	}
	defer watch.Close()
	control := http.NewResponseController(w)
	defer context.AfterFunc(r.Context(), func() { _ = control.SetWriteDeadline(time.Now()) })()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // proxies are to pass on each message
	v := &viewer{w: w, control: control, ctx: r.Context(), life: r.Form.Get("life") == h.life}
	v.layout, _ = strconv.Atoi(r.Form.Get("layout"))
	v.follow(watch, snap)
	return 0
}

// viewer is a page that is kept up to date.
type viewer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	ctx     context.Context
	life    bool // the page is of this life
	layout  int
}

// follow sends what changes until the page goes.
func (v *viewer) follow(watch *rpc.Watch, snap rpc.Snapshot) {
	heart := time.NewTicker(beat)
	defer heart.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	fresh := true
	for {
		if !v.life || snap.Layout != v.layout {
			_ = v.send([]byte("event: reload\ndata:\n\n"))
			return
		}
		if (fresh || len(snap.Views) > 0) && v.send(message(snap)) != nil {
			return
		}
		fresh = false
		pause.Reset(breath)
		select {
		case <-pause.C:
		case <-v.ctx.Done():
			return
		}
	waiting:
		for {
			select {
			case <-watch.Ready():
				break waiting
			case <-heart.C:
				if v.send([]byte("event: beat\ndata:\n\n")) != nil {
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

// message is the event that tells of a snapshot: its rows as HTML, one a line. The id is what the page's next connection
// begins with.
func message(snap rpc.Snapshot) []byte {
	var b, line bytes.Buffer
	fmt.Fprintf(&b, "id: %d\ndata: %d\n", snap.At.UnixNano(), snap.At.Unix())
	for _, view := range snap.Views {
		line.Reset()
		if err := pages().ExecuteTemplate(&line, "row", rowOf(view, snap.At)); err != nil {
			continue // the row is as it was
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

// send sends a message whole.
func (v *viewer) send(message []byte) error {
	_ = v.control.SetWriteDeadline(time.Now().Add(patience))
	if v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	if _, err := v.w.Write(message); err != nil {
		return err
	}
	return v.control.Flush()
}
