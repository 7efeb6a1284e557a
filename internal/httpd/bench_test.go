package httpd

import (
	"bufio"
	"io"
	"net/http"
	"testing"
	"time"
)

// BenchmarkCall is what HTTP alone costs, the client included: one connection, and a call that does nothing. The reader of
// package fast is there as long as it is faster than net/http.
func BenchmarkCall(b *testing.B) {
	for name, field := range map[string]string{"fast": "", "net-http": notSimple} {
		b.Run(name, func(b *testing.B) {
			_, socket := start(b, nil, Services{Call: echo})
			conn := dial(b, socket)
			if err := conn.SetDeadline(time.Time{}); err != nil {
				b.Fatal(err)
			}
			in := bufio.NewReader(conn)
			request := post("/RPC2", field+"Content-Type: text/xml\r\nContent-Length: 2\r\n", "hi")
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
		})
	}
}
