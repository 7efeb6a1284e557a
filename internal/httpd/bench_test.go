package httpd

import (
	"bufio"
	"io"
	"net/http"
	"testing"
	"time"
)

// BenchmarkCall is one client with one connection and a call that does nothing: what HTTP alone costs.
func BenchmarkCall(b *testing.B) {
	_, socket := start(b, nil, Services{Call: echo})
	conn := dial(b, socket)
	if err := conn.SetDeadline(time.Time{}); err != nil {
		b.Fatal(err)
	}
	in := bufio.NewReader(conn)
	request := post("/RPC2", "Content-Type: text/xml\r\nContent-Length: 2\r\n", "hi")
	for b.Loop() {
		if _, err := io.WriteString(conn, request); err != nil {
			b.Fatal(err)
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			b.Fatal(err)
		}
	}
}
