package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/notify"
)

func section(url string) config.Notification {
	return config.Notification{Name: "ops", Type: config.NotifyWebhook, URL: url, On: []string{notify.Fatal}, Programs: []string{"*"}, GroupBy: "program",
		Flapping: config.Rate{N: 3, Within: time.Minute}, Rate: config.Rate{N: 10_000, Within: time.Hour}, Timeout: time.Minute, RetryFor: time.Hour}
}

// stream has events of 50 processes that became FATAL, as supervisord sends them.
func stream(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		payload := fmt.Sprintf("processname:p%d groupname:p%d from_state:BACKOFF", i%50, i%50)
		fmt.Fprintf(&b, "ver:3.0 server:s serial:%d pool:p poolserial:%d eventname:PROCESS_STATE_FATAL len:%d\n%s", i, i, len(payload), payload)
	}
	return b.String()
}

// start makes an engine with a spool in dir; empty: without one.
func start(t *testing.T, dir string, n config.Notification) *engine {
	t.Helper()
	var s *spool
	var state notify.State
	var inputs []notify.Input
	if dir != "" {
		s, state, inputs = open(t, dir)
	}
	w, err := newWebhook(&n, nil)
	if err != nil {
		t.Fatal(err)
	}
	return newEngine([]config.Notification{n}, map[string]sender{"ops": w}, s, state, inputs)
}

// TestSilentServer acknowledges 5000 events while a server does not answer.
// covers: OBS-104
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // connections are accepted by the kernel
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e := start(t, filepath.Join(temporary(t), "spool"), section("http://"+l.Addr().String()))
	out := &answers{want: 5000, all: make(chan struct{})}
	in, hold := io.Pipe()
	defer hold.Close()
	stop, done := make(chan os.Signal), make(chan int, 1)
	go func() { done <- e.run(io.MultiReader(strings.NewReader(stream(0, 5000)), in), out, stop) }()
	select {
	case <-out.all:
	case status := <-done:
		t.Fatalf("it ended with status %d after %d answers", status, out.n)
	}
	names, err := deadLetters(e.spool.dir)
	if err != nil || len(names) != maxDead {
		t.Errorf("%d dead letters, %v", len(names), err)
	}
}

// answers counts acknowledged events.
type answers struct {
	mu      sync.Mutex
	n, want int
	all     chan struct{}
}

func (a *answers) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.n += bytes.Count(p, []byte("RESULT 2\nOK")); a.n >= a.want && a.want > 0 {
		a.want = 0
		close(a.all)
	}
	return len(p), nil
}

// TestWithoutSpool delivers from memory, if there is no spool, or none that can be written.
func TestWithoutSpool(t *testing.T) {
	for _, broken := range []bool{false, true} {
		var mu sync.Mutex
		var titles []string
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var n notify.Notice
			_ = json.NewDecoder(r.Body).Decode(&n)
			mu.Lock()
			defer mu.Unlock()
			titles = append(titles, n.Incidents[0].Process)
		}))
		dir := ""
		if broken {
			dir = filepath.Join(temporary(t), "spool")
		}
		e := start(t, dir, section(server.URL))
		if broken {
			_ = e.spool.journal.Close()
		}
		if status := e.run(strings.NewReader(stream(0, 10)), io.Discard, nil); status != statusDone {
			t.Errorf("status %d", status)
		}
		server.Close()
		if len(titles) != 10 {
			t.Errorf("broken %t: %q", broken, titles)
		}
	}
}

// TestJudge has answers of servers.
func TestJudge(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		code  int
		after string
		want  notify.Outcome
		wait  time.Duration
	}{
		{200, "", notify.Delivered, 0}, {204, "9", notify.Delivered, 0}, {301, "", notify.Refused, 0}, {400, "", notify.Refused, 0},
		{410, "", notify.Refused, 0}, {429, "", notify.Failed, 0}, {429, "2", notify.Failed, 2 * time.Second}, {429, "-1", notify.Failed, 0},
		{429, "Fri, 02 Jan 2026 03:05:05 GMT", notify.Failed, time.Minute}, {429, "Thu, 01 Jan 2026 03:05:05 GMT", notify.Failed, 0},
		{429, "4294967295", notify.Failed, 365 * 24 * time.Hour}, {500, "7", notify.Failed, 0}, {503, "7", notify.Failed, 7 * time.Second},
	} {
		r := judge(&http.Response{StatusCode: c.code, Header: http.Header{"Retry-After": {c.after}}}, now)
		if r.Outcome != c.want || r.After != c.wait {
			t.Errorf("%d %q: %+v", c.code, c.after, r)
		}
	}
}

// TestNoSecretInReasons sends to servers that do not work, and looks for the parts of the URL and the headers in the reasons.
func TestNoSecretInReasons(t *testing.T) {
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/S3CRET", http.StatusTemporaryRedirect)
	}))
	defer redirect.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, url := range []string{redirect.URL, "http://127.0.0.1:1", "http://" + silent.Addr().String(), "http://host.invalid", "https" + redirect.URL[4:]} {
		n := section(url + "/S3CRET?a=S3CRET")
		n.Headers, n.Timeout = map[string]string{"Authorization": "S3CRET"}, 100*time.Millisecond
		w, err := newWebhook(&n, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := w.send(context.Background(), &notify.Message{ID: "msg_1"})
		if r.Outcome == notify.Delivered || r.Reason == "" || strings.Contains(r.Reason, "S3CRET") {
			t.Errorf("%s: %+v", url, r)
		}
	}
}
