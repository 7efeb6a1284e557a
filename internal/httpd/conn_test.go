package httpd

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// TestIdleConnections opens more connections than may be idle. The oldest are closed, the newest still work.
// differs: DIFF-129 limits
func TestIdleConnections(t *testing.T) {
	_, socket := start(t, nil, Services{})
	const extra = 3
	conns := make([]net.Conn, int(budget.Waiting.Limit)+extra)
	for i := range conns {
		conns[i] = dial(t, socket)
	}
	for _, c := range conns[:extra] {
		if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("an old connection is still open: %d bytes, %v", n, err)
		}
	}
	askOK(t, conns[extra])
	askOK(t, conns[len(conns)-1])
}

// askOK sends a request and reads the response; the connection stays open.
func askOK(t *testing.T, c net.Conn) {
	t.Helper()
	if _, err := io.WriteString(c, "GET /ok.html HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if body, err := io.ReadAll(r.Body); err != nil || string(body) != "OK" {
		t.Fatalf("%q, %v", body, err)
	}
}
