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

// serving returns an acceptor that takes connections from a test, its set, and a channel that closes the server.
func serving() (a *Acceptor, set *Set, closed chan struct{}) {
	set, closed = newSet(0), make(chan struct{})
	return New(nil, Options{Set: set, Closed: closed, Leave: func(c net.Conn, _ []byte) { _, _ = io.WriteString(c, "left") },
		Call: func(context.Context, []byte, []byte) ([]byte, func(), int) { return nil, nil, http.StatusOK }}), set, closed
}

// size is the number of connections in the set.
func (s *Set) size() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conns := range s.conns {
		n += len(conns)
	}
	return n
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
			a, set, closed := serving()
			ours, theirs := net.Pipe()
			a.Take(ours, nil)
			go a.Accept()
			begin := time.Now()
			if c.sends != "" {
				_, _ = io.WriteString(theirs, c.sends)
			}
			if text, err := io.ReadAll(theirs); len(text) > 0 || err != nil || time.Since(begin) != c.want {
				t.Errorf("after %q: %q, %v, after %v, want %v", c.sends, text, err, time.Since(begin), c.want)
			}
			if n := set.size(); n != 0 {
				t.Errorf("after %q: %d connections are in the set", c.sends, n)
			}
			close(closed)
		})
	}
}

// TestDisconnect checks that a connection that its client closes is no task for net/http.
func TestDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, set, closed := serving()
		ours, theirs := net.Pipe()
		a.Take(ours, nil)
		go a.Accept()
		theirs.Close()
		synctest.Wait()
		if n := set.size(); n != 0 {
			t.Errorf("%d connections are in the set", n)
		}
		close(closed)
	})
}

// TestLeaves checks that a connection without an answer is left to the next server when this one closes, and is not passed to net/http
// as well.
func TestLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, set, closed := serving()
		ours, theirs := net.Pipe()
		a.Take(ours, nil)
		synctest.Wait()
		close(closed)
		go set.Leave()
		text := make([]byte, len("left"))
		if _, err := io.ReadFull(theirs, text); err != nil || string(text) != "left" {
			t.Errorf("%q, %v", text, err)
		}
		synctest.Wait()
		go io.WriteString(theirs, "GET / HTTP/1.1\r\n")
		synctest.Wait()
		if n := set.size(); n != 0 {
			t.Errorf("%d connections are in the set", n)
		}
		read := make([]byte, 3)
		if _, err := io.ReadFull(ours, read); err != nil || string(read) != "GET" {
			t.Errorf("the next server reads %q, %v", read, err)
		}
		ours.Close()
	})
}

// TestNetHTTP checks that a connection that net/http has closed is not in the set any more.
func TestNetHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, set, closed := serving()
		server := &http.Server{ConnState: a.ConnState, ConnContext: a.ConnContext,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })}
		go server.Serve(a)
		ours, theirs := net.Pipe()
		a.Take(ours, nil)
		_, _ = io.WriteString(theirs, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		if text, err := io.ReadAll(theirs); err != nil || len(text) == 0 {
			t.Errorf("%q, %v", text, err)
		}
		synctest.Wait()
		if n := set.size(); n != 0 {
			t.Errorf("%d connections are in the set", n)
		}
		close(closed)
		_ = server.Close()
	})
}
