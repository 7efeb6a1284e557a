package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosupervisor/supervisor/internal/freeport"
)

// newProbe returns one that expects status 200.
func newProbe(url string, timeout time.Duration) *probe {
	return &probe{url: url, timeout: timeout, statuses: []string{"200"}, dial: new(net.Dialer).DialContext}
}

// TestAsk checks which answers count as a problem.
func TestAsk(t *testing.T) {
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if agent := r.Header.Get("User-Agent"); agent != "httpok" {
			t.Errorf("user agent %s", agent)
		}
		switch r.URL.RequestURI() {
		case "/moved":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/slow":
			<-done
		case "/query?a=b":
			fmt.Fprint(w, "all is well")
		default:
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer s.Close()
	defer close(done)
	for _, c := range []struct {
		path     string
		statuses []string
		text     string
		problem  string
		detail   string
	}{
		{"/query?a=b", []string{"200"}, "", "", ""},
		{"/query?a=b", []string{"200"}, "well", "", ""},
		{"/query?a=b", []string{"200"}, "bad", "bad body returned", "200 OK"},
		{"/", []string{"200", "418"}, "", "", ""},
		{"/", []string{"200"}, "", "bad status returned", "418 I'm a teapot"},
		{"/moved", []string{"302"}, "", "", ""},
		{"/slow", []string{"200"}, "", "bad status returned", "i/o timeout"},
	} {
		p := newProbe(s.URL+c.path, 20*time.Second)
		p.statuses, p.text = c.statuses, c.text
		if c.path == "/slow" {
			p.timeout = time.Millisecond
		}
		problem, detail := p.ask()
		if problem != c.problem || !strings.Contains(detail, c.detail) {
			t.Errorf("%+v: %q, %q", c, problem, detail)
		}
	}
}

// TestAskLater checks that a refused connection is retried until the server is there.
func TestAskLater(t *testing.T) {
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	p := newProbe("http://"+address, time.Second)
	if problem, detail := p.ask(); problem == "" || !strings.Contains(detail, "refused") {
		t.Errorf("%q, %q", problem, detail)
	}
	p.timeout = 20 * time.Second
	answer := make(chan string)
	go func() { problem, detail := p.ask(); answer <- problem + detail }()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go s.Serve(l)
	defer s.Close()
	if got := <-answer; got != "" {
		t.Error(got)
	}
}

// TestPieces checks that the time limit is one for each read: an answer may take longer, a pause may not.
// covers: REP-F5
func TestPieces(t *testing.T) {
	for _, c := range []struct {
		pause time.Duration
		want  string
	}{{1900 * time.Millisecond, ""}, {2100 * time.Millisecond, "i/o timeout"}} {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			done := make(chan struct{})
			defer func() { <-done }()
			go func() {
				defer close(done)
				defer server.Close()
				if _, err := http.ReadRequest(bufio.NewReader(server)); err != nil {
					t.Error(err)
				}
				for _, piece := range []string{"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n\r\n", "2\r\nok\r\n", "0\r\n\r\n"} {
					time.Sleep(c.pause) // of the bubble's clock
					if _, err := io.WriteString(server, piece); err != nil {
						return // the probe has given up
					}
				}
			}()
			p := newProbe("http://h/", 2*time.Second)
			p.dial = func(context.Context, string, string) (net.Conn, error) { return client, nil }
			problem, detail := p.ask()
			if (problem == "") != (c.want == "") || !strings.Contains(detail, c.want) {
				t.Errorf("%v: %q, %q", c.pause, problem, detail)
			}
		})
	}
}

// TestConnectTime checks that an attempt to connect ends with the time limit, and that only refusals are repeated until then, and named.
// covers: REP-F5
func TestConnectTime(t *testing.T) {
	waits := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	refuses := func(context.Context) error { return syscall.ECONNREFUSED }
	early := func(context.Context) error { return os.ErrDeadlineExceeded } // of a dialer whose timer comes before that of ctx
	fails := func(context.Context) error { return errors.New("no route") }
	for _, c := range []struct {
		attempts []func(context.Context) error
		took     time.Duration
		want     string
	}{
		{[]func(context.Context) error{waits}, 2 * time.Second, "context deadline exceeded"},
		{[]func(context.Context) error{fails}, 0, "no route"},
		{[]func(context.Context) error{refuses, fails}, 200 * time.Millisecond, "no route"},
		{[]func(context.Context) error{refuses, early}, 200 * time.Millisecond, "connection refused, and in the end: i/o timeout"},
		{[]func(context.Context) error{refuses, waits}, 2 * time.Second, "connection refused, and in the end: context deadline exceeded"},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newProbe("http://h/", 2*time.Second)
			p.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
				attempt := c.attempts[0]
				c.attempts = c.attempts[1:]
				return nil, attempt(ctx)
			}
			begin := time.Now()
			problem, detail := p.ask()
			if want := "error contacting http://h/:\n\n " + c.want; problem != "bad status returned" || detail != want {
				t.Errorf("%q, %q, want %q", problem, detail, want)
			}
			if took := time.Since(begin); took != c.took {
				t.Errorf("%q after %v", detail, took)
			}
		})
	}
}

// TestCertificate checks that a self-signed certificate is no problem unless --verify is given, nor are old protocols.
// covers: REP-F4
func TestCertificate(t *testing.T) {
	for _, c := range []struct {
		verify bool
		config *tls.Config
		want   string
	}{
		{false, &tls.Config{}, ""},
		{false, &tls.Config{MaxVersion: tls.VersionTLS10, MinVersion: tls.VersionTLS10}, ""},
		{false, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}, ""},
		{true, &tls.Config{}, "certificate signed by unknown authority"},
	} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = c.config
		s.StartTLS()
		p := newProbe(s.URL, 20*time.Second)
		p.verify = c.verify
		if problem, detail := p.ask(); (problem == "") != (c.want == "") || !strings.Contains(detail, c.want) {
			t.Errorf("verify %t: %q, %q", c.verify, problem, detail)
		}
		s.Close()
	}
}

func TestCheck(t *testing.T) {
	for url, good := range map[string]bool{"http://h/x": true, "https://h": true, "ftp://h": false, "h": false,
		"http://": false} {
		if err := (&probe{url: url}).check(); (err == nil) != good {
			t.Errorf("%s: %v", url, err)
		}
	}
}
