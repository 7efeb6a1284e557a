package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestWatch counts the calls for a stream with two events, comments and a long line, and shows what other answers give.
func TestWatch(t *testing.T) {
	long := make([]byte, 100<<10)
	for i := range long {
		long[i] = 'x'
	}
	for _, c := range []struct {
		name   string
		status int
		text   string
		calls  int
		is     func(error) bool
	}{
		{"a stream", 200, ":\n\nid: a-1\nevent: state\ndata: " + string(long) + "\n\n:\n\nevent: gap\ndata: {}\n\n", 3,
			func(err error) bool { return err != nil && !errors.Is(err, ErrNoAPI) }},
		{"no API", 404, "", 0, func(err error) bool { return errors.Is(err, ErrNoAPI) }},
		{"too many streams", 503, "", 0, func(err error) bool {
			var status *HTTPError
			return errors.As(err, &status) && status.Code == 503
		}},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/v1/events" || r.Header.Get("Accept") != "text/event-stream" {
				t.Errorf("%s with Accept: %s", r.URL, r.Header.Get("Accept"))
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.text)
		}))
		client, err := New(server.URL, "", "")
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		if err := client.Watch(context.Background(), func() { calls++ }); !c.is(err) || calls != c.calls {
			t.Errorf("%s: %d calls, %v", c.name, calls, err)
		}
		server.Close()
	}
}
