package httpd

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
)

// scripted is a connection whose client sends pieces of n bytes, and disconnects after the last.
type scripted struct {
	net.Conn // nil: other methods are not called
	mu       sync.Mutex
	unread   []byte
	n        int
	written  bytes.Buffer
	closed   chan struct{}
	close    sync.Once
}

func (s *scripted) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unread) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.n)], s.unread)
	s.unread = s.unread[n:]
	return n, nil
}

func (s *scripted) Write(p []byte) (int, error) { return s.written.Write(p) }

func (s *scripted) Close() error {
	s.close.Do(func() { close(s.closed) })
	return nil
}

func (s *scripted) RemoteAddr() net.Addr               { return &net.UnixAddr{} }
func (s *scripted) LocalAddr() net.Addr                { return &net.UnixAddr{} }
func (s *scripted) SetReadDeadline(t time.Time) error  { return nil }
func (s *scripted) SetWriteDeadline(t time.Time) error { return nil }

var dateField = regexp.MustCompile(`(?m)^Date: .*\r\n`)

// FuzzConnection sends what it gets to a server, whole and in pieces. The responses are the same, and when the client has
// disconnected nothing of it is held any more, for any headers, lengths, chunks and expectations, and any place at which the
// input is cut.
func FuzzConnection(f *testing.F) {
	header := "POST /RPC2 HTTP/1.1\r\nHost: x\r\n"
	for _, text := range []string{
		header + "Content-Length: 2\r\n\r\nhi" + header + "Content-Length: 2\r\n\r\nho",
		header + "Authorization: Basic dTpw\r\nContent-Length: 2\r\n\r\nhi",
		header + "Authorization:\r\nAuthorization: Basic dTpw\r\nContent-Length: 2\r\n\r\nhi",
		header + "X: y\r\nAuthorization: Basic dTpw\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		header + "Authorization: Basic dTpw\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
		header + "Authorization: Basic dTpw\r\nExpect: other\r\nContent-Length: 2\r\n\r\nhi",
		header + "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhe",
		header + "Content-Length: 99999999\r\nAuthorization: Basic dTpw\r\n\r\nx",
		"GET /index.html HTTP/1.1\r\nHost: x\r\nAuthorization: Basic dTpw\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n",
		"POST /x HTTP/1.0\r\nAuthorization: Basic dTpw\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\na=bPUT",
		"PUT * HTTP/1.1\r\nHost: x\r\nAuthorization: Basic dTpw\r\nContent-Length: 3\r\n\r\na",
	} {
		f.Add([]byte(text), uint8(1))
		f.Add([]byte(text), uint8(7))
	}
	l := pipes{make(chan net.Conn), make(chan struct{})}
	s := serveOn(l, config.Server{Username: "u", Password: "p"}, Services{
		Call: echo,
		Pages: func(w http.ResponseWriter, r *http.Request) int {
			_ = r.ParseForm()
			_, _ = io.WriteString(w, r.PostForm.Encode())
			return 0
		},
		Panicked: func(failure any) { panic(failure) },
	})
	f.Cleanup(s.Close)
	responses := func(t *testing.T, data []byte, n int) []byte {
		c := &scripted{unread: data, n: n, closed: make(chan struct{})}
		l.conns <- c
		select {
		case <-c.closed:
		case <-time.After(timeout):
			t.Fatal("the connection is still open")
		}
		return dateField.ReplaceAll(c.written.Bytes(), nil)
	}
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		whole := responses(t, data, len(data)+1)
		if cut := responses(t, data, int(n)+1); !bytes.Equal(whole, cut) {
			t.Errorf("whole:\n%s\nin pieces of %d:\n%s", whole, int(n)+1, cut)
		}
		for _, b := range []*budget.Budget{budget.Bodies, budget.Headers, budget.Answers} {
			for deadline := time.Now().Add(timeout); b.Held() != 0; { // released right after the connection is closed
				if time.Now().After(deadline) {
					t.Fatalf("%s: %d are held", b.Name, b.Held())
				}
			}
		}
	})
}
