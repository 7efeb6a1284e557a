package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

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
		{"/slow", []string{"200"}, "", "bad status returned", "deadline exceeded"},
	} {
		p := &probe{url: s.URL + c.path, timeout: 20 * time.Second, statuses: c.statuses, text: c.text}
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	p := &probe{url: "http://" + address, timeout: time.Second, statuses: []string{"200"}}
	if problem, detail := p.ask(); problem == "" || !strings.Contains(detail, "refused") {
		t.Errorf("%q, %q", problem, detail)
	}
	p.timeout = 20 * time.Second
	answer := make(chan string)
	go func() { problem, detail := p.ask(); answer <- problem + detail }()
	if l, err = net.Listen("tcp", address); err != nil {
		t.Skip("another process has the port now")
	}
	s := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go s.Serve(l)
	defer s.Close()
	if got := <-answer; got != "" {
		t.Error(got)
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
