package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serve answers every call on a Unix socket with handler and returns a daemon that listens there.
func serve(t *testing.T, handler http.HandlerFunc) *daemon {
	t.Helper()
	d := &daemon{socket: filepath.Join(t.TempDir(), socketName)}
	listener, err := net.Listen("unix", d.socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return d
}

func TestCallRepeatedly(t *testing.T) {
	d := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/RPC2" || !strings.Contains(string(body), "<string>p:p-0</string>") {
			http.Error(w, "what?", http.StatusBadRequest)
			return
		}
		io.WriteString(w, "<methodResponse><struct></struct><struct></struct></methodResponse>")
	})
	took, elapsed, err := d.callRepeatedly(t.Context(), 20*time.Millisecond, 4, 2, "supervisor.getProcessInfo", "p:p-0")
	if err != nil || len(took) < 4 || elapsed < 20*time.Millisecond {
		t.Errorf("%d calls in %v: %v", len(took), elapsed, err)
	}
	_, _, err = d.callRepeatedly(t.Context(), 0, 1, 3, "supervisor.getProcessInfo", "p:p-0")
	if err == nil || !strings.Contains(err.Error(), "2 structs in the response, not 3") {
		t.Errorf("a response that is too short: %v", err)
	}
}

func TestCallRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		handler    http.HandlerFunc
	}{
		{"a fault", "fault: <methodResponse><fault>", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "<methodResponse><fault></fault></methodResponse>")
		}},
		{"an HTTP error", `status "HTTP/1.1 401 Unauthorized"`, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
		}},
		{"no length", "no content length", func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
		}},
	} {
		_, err := serve(t, c.handler).call(t.Context(), "supervisor.getState")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i) // 100 down to 1
	}
	for _, c := range []struct {
		values []time.Duration
		p      int
		want   time.Duration
	}{
		{nil, 50, 0},
		{hundred[:1], 50, 100},
		{hundred[98:], 50, 1},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
	} {
		if got := percentile(c.values, c.p); got != c.want {
			t.Errorf("%d values, %d percent: %d, want %d", len(c.values), c.p, got, c.want)
		}
	}
}
