package rest

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/history"
)

// follower is a client of a stream.
type follower struct {
	t      *testing.T
	events chan string // "TYPE ID DATA" of each
	id     string      // the last one
	cancel context.CancelFunc
	status int
	header http.Header
}

// serve is the API behind a server.
func (w *world) serve() *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		w.api.Serve(answer, r.WithContext(access.With(r.Context(), full)))
	}))
	w.t.Cleanup(s.Close)
	return s
}

// follow opens a stream.
func follow(t *testing.T, s *httptest.Server, query, id string) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+Prefix+"/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	if id != "" {
		r.Header.Set("Last-Event-ID", id)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	f := &follower{t: t, events: make(chan string, 1000), cancel: cancel, status: answer.StatusCode, header: answer.Header}
	t.Cleanup(f.close)
	go func() {
		defer answer.Body.Close()
		defer close(f.events)
		kind, id, data := "", "", ""
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				id = value
			case "event":
				kind = value
			case "data":
				data = value
			case "":
				if kind != "" {
					f.events <- kind + " " + id + " " + data
				}
				kind, id, data = "", "", ""
			}
		}
	}()
	return f
}

func (f *follower) close() { f.cancel() }

// next returns the next events without their data, but those of gaps.
func (f *follower) next(n int) (list []string) {
	f.t.Helper()
	for range n {
		select {
		case e, ok := <-f.events:
			if !ok {
				f.t.Fatalf("the stream has ended after %q", list)
			}
			kind, rest, _ := strings.Cut(e, " ")
			id, data, _ := strings.Cut(rest, " ")
			if id != "" {
				f.id = id
			}
			if kind == "gap" {
				id = data
			}
			list = append(list, kind+" "+id)
		case <-time.After(30 * time.Second):
			f.t.Fatalf("only %q came", list)
		}
	}
	return list
}

// adds adds entries about a process.
func (w *world) adds(n int, group string) {
	of := &history.Subject{Group: group, Name: "p"}
	for range n {
		w.ring.Add(history.Entry{At: time.Now().UnixNano(), Of: of, From: 10, To: 20})
	}
}

// covers: OBS-43
// A client that reconnects gets what it has missed, and nothing twice; if that is not kept any more, it gets to know that.
func TestStream(t *testing.T) {
	w := newWorld(t)
	for w.ring.Last() == 0 { // that supervisord runs
		<-w.ring.Changed()
	}
	first := int(w.ring.Last()) + 1
	s := w.serve()
	ids := func(from, n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("state 5f3a2c01-%d", from+i))
		}
		return list
	}
	check := func(f *follower, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, f.next(len(want))); diff != "" {
			t.Fatal(diff)
		}
	}
	f := follow(t, s, "", "")
	if f.status != 200 || f.header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", f.status, f.header)
	}
	w.adds(3, "g")
	check(f, ids(first, 3)...)
	f.close()
	w.adds(5, "g")
	f = follow(t, s, "?since=all", f.id) // what the client sends when it reconnects is stronger
	check(f, ids(first+3, 5)...)
	w.adds(1, "g")
	check(f, ids(first+8, 1)...)
	f.close()

	w.ring.Resize(4)
	w.adds(5, "g")
	f = follow(t, s, "", f.id)
	check(f, append([]string{`gap {"missed":1,"reason":null}`}, ids(first+10, 4)...)...)
	f.close()
	f = follow(t, s, "", "00000000-1")
	check(f, append([]string{`gap {"missed":null,"reason":"restarted"}`}, ids(first+10, 4)...)...)
	f.close()

	f = follow(t, s, "?group=x&snapshot=true", "")
	check(f, fmt.Sprintf("snapshot 5f3a2c01-%d", first+13))
	w.adds(2, "g")
	w.adds(1, "x")
	check(f, ids(first+16, 1)...)
	if f := follow(t, s, "?types=tick", ""); f.status != http.StatusBadRequest {
		t.Errorf("an unknown type: %d", f.status)
	}
	if f := follow(t, s, "", "nonsense"); f.status != http.StatusBadRequest {
		t.Errorf("no id: %d", f.status)
	}
}

// covers: OBS-48
// There are 64 streams; when they end, their places are free.
func TestStreamsAreBounded(t *testing.T) {
	w := newWorld(t)
	s := w.serve()
	var all []*follower
	for range budget.Streams.Limit {
		all = append(all, follow(t, s, "", ""))
	}
	if f := follow(t, s, "", ""); f.status != http.StatusServiceUnavailable || f.header.Get("Retry-After") != "5" {
		t.Errorf("one more: %d %v", f.status, f.header)
	}
	for _, f := range all {
		f.close()
	}
	s.Close() // returns when no request is being answered
	if n := budget.Streams.Held(); n != 0 {
		t.Errorf("%d are held", n)
	}
}
