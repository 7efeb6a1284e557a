package fast

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// served is a connection that an acceptor serves.
type served struct {
	*testing.T
	acceptor *Acceptor
	set      *Set
	closed   chan struct{} // closed when the server is
	ours     net.Conn
	client   net.Conn // the other end
}

// serve begins to serve a connection. It is called within a bubble.
func serve(t *testing.T) *served {
	s := &served{T: t, set: newSet(0), closed: make(chan struct{})}
	s.acceptor = New(nil, Options{Set: s.set, Closed: s.closed, Leave: func(c net.Conn, _ []byte) { _, _ = io.WriteString(c, "left") },
		Call: func(context.Context, []byte, []byte) ([]byte, func(), int) { return nil, nil, http.StatusOK }})
	s.ours, s.client = net.Pipe()
	s.acceptor.Take(s.ours, nil)
	return s
}

// gone checks that the connection is not in the set any more.
func (s *served) gone() {
	s.Helper()
	synctest.Wait()
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	if n := len(s.set.conns[TCP]); n != 0 {
		s.Errorf("%d connections are in the set", n)
	}
}

// TestIdle checks that a connection on which nothing comes, or only a part of a request, is closed after its time, and not passed to
// net/http.
func TestIdle(t *testing.T) {
	for _, c := range []struct {
		sends string
		want  time.Duration
	}{
		{"", IdleTimeout},
		{"POST /RPC2 HTTP/1.1\r\n", HeaderTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t)
			go s.acceptor.Accept()
			begin := time.Now()
			if c.sends != "" {
				_, _ = io.WriteString(s.client, c.sends)
			}
			if text, err := io.ReadAll(s.client); len(text) > 0 || err != nil || time.Since(begin) != c.want {
				t.Errorf("after %q: %q, %v, after %v, want %v", c.sends, text, err, time.Since(begin), c.want)
			}
			s.gone()
			close(s.closed)
		})
	}
}

// TestDisconnect checks that a connection that its client closes is not passed to net/http.
func TestDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		go s.acceptor.Accept()
		s.client.Close()
		s.gone()
		close(s.closed)
	})
}

// TestLeaves checks that a connection without an answer is left to the next server when this one closes, and is not passed to net/http
// as well.
func TestLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		synctest.Wait()
		close(s.closed)
		go s.set.Leave()
		text := make([]byte, len("left"))
		if _, err := io.ReadFull(s.client, text); err != nil || string(text) != "left" {
			t.Errorf("%q, %v", text, err)
		}
		go io.WriteString(s.client, "GET / HTTP/1.1\r\n")
		s.gone()
		read := make([]byte, 3)
		if _, err := io.ReadFull(s.ours, read); err != nil || string(read) != "GET" {
			t.Errorf("the next server reads %q, %v", read, err)
		}
		s.ours.Close()
	})
}

// TestNetHTTP checks that a connection that net/http has closed is not in the set any more.
func TestNetHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		server := &http.Server{ConnState: s.acceptor.ConnState, ConnContext: s.acceptor.ConnContext,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })}
		go server.Serve(s.acceptor)
		_, _ = io.WriteString(s.client, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		if text, err := io.ReadAll(s.client); err != nil || len(text) == 0 {
			t.Errorf("%q, %v", text, err)
		}
		s.gone()
		close(s.closed)
		_ = server.Close()
	})
}
