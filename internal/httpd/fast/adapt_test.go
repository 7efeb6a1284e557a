package fast

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// adaptCases are requests that the original answers; want is what net/http reads, empty if it is the same.
var adaptCases = []struct{ request, want string }{
	{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", ""},
	{"GET / HTTP/1.1\r\nA: b\r\nhOST:\r\n\r\n", ""},
	{"GET / HTTP/1.1\nHost: x\n\n", ""},
	{"GET / HTTP/1.0\r\n\r\n", ""},
	{"GET /%41?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n", ""},
	{"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
	{"GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\nHost:\r\n\n"},
	{"POST /RPC2 HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody", "POST /RPC2 HTTP/1.1\r\nHost:\r\nContent-Length: 4\r\n\r\nbody"},
	{"POST /RPC2 HTTP/1.1\r\nContent-Length: 11\r\n\r\nHost: x\r\n\r\n", "POST /RPC2 HTTP/1.1\r\nHost:\r\nContent-Length: 11\r\n\r\nHost: x\r\n\r\n"},
	{"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
	{"\r\nGET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"},
	{"GET /a#b?c#d HTTP/1.0\r\n\r\n", "GET /a HTTP/1.0\r\n\r\n"},
	{"GET /a?b#c HTTP/1.0\r\n\r\n", "GET /a?b HTTP/1.0\r\n\r\n"},
	{"GET /%zz%4%41% HTTP/1.0\r\n\r\n", "GET /%25zz%254%41%25 HTTP/1.0\r\n\r\n"},
	{"GET /a%4?%4 HTTP/1.0\r\n\r\n", "GET /a%254?%4 HTTP/1.0\r\n\r\n"},
	{"GET /a\x01\x7f?\x02 HTTP/1.0\r\n\r\n", "GET /a%01%7F?%02 HTTP/1.0\r\n\r\n"},
}

func TestAdapt(t *testing.T) {
	for _, c := range adaptCases {
		header, rest, complete := adapt([]byte(c.request))
		if got := string(header) + string(rest); got != c.want || !complete {
			t.Errorf("%q: %q, want %q; complete %v", c.request, got, c.want, complete)
		}
	}
	for _, text := range []string{"no request\r\n", "GET\r\n", "GET /\r\n", "GET / HTTP/2.0\r\n", "\nGET / HTTP/1.1\r\n", "\r\n\r\nGET / HTTP/1.1\r\n",
		" / HTTP/1.1\r\n", "GET # HTTP/1.0\r\n", "\x16\x03\x01\n"} {
		if header, _, complete := adapt([]byte(text)); header != nil || !complete {
			t.Errorf("%q: %q; complete %v", text, header, complete)
		}
	}
}

// However a request arrives, net/http reads the same: at once, byte by byte, and from what was read ahead.
func TestAdaptPieces(t *testing.T) {
	for _, c := range adaptCases {
		want := c.want
		if want == "" {
			want = c.request
		}
		for ahead := 0; ahead <= len(c.request); ahead += 7 {
			for _, piece := range []int{1, 1000} {
				ours, theirs := net.Pipe()
				co, _ := newSet(0).add(ours, TCP)
				co.readAhead = []byte(c.request[:ahead])
				co.toHTTP()
				go func() {
					for rest := c.request[ahead:]; rest != ""; {
						n := min(piece, len(rest))
						io.WriteString(theirs, rest[:n])
						rest = rest[n:]
					}
					theirs.Close()
				}()
				if got, err := io.ReadAll(co); string(got) != want || err != nil {
					t.Errorf("%q, %d ahead, pieces of %d: %q, want %q; %v", c.request, ahead, piece, got, want, err)
				}
				co.Close()
			}
		}
	}
}

// A long header is not held back.
func TestAdaptLong(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	c, _ := newSet(0).add(ours, TCP)
	c.toHTTP()
	text := "GET / HTTP/1.1\r\nA: " + strings.Repeat("x", 2*freeHeader)
	go io.WriteString(theirs, text)
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != text {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// What net/http accepts with a Host stays as it is, apart from a fragment and from line ends.
func FuzzAdapt(f *testing.F) {
	for _, c := range adaptCases {
		f.Add([]byte(c.request))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		header, rest, complete := adapt(data)
		if header != nil && !complete || len(rest) > len(data) {
			t.Fatalf("%q, %q, %v", header, rest, complete)
		}
		before, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(data)))
		if header == nil || err != nil || strings.Contains(before.RequestURI, "#") {
			return
		}
		after, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(append(header, rest...))))
		if err != nil {
			t.Fatalf("%q: %v", header, err)
		}
		if before.RequestURI != after.RequestURI || before.Method != after.Method || before.Host != after.Host ||
			before.ContentLength != after.ContentLength || len(before.Header) != len(after.Header) {
			t.Errorf("%+v, then %+v", before, after)
		}
		if again, _, _ := adapt(append(header, rest...)); again != nil {
			t.Errorf("%q is adapted again: %q", header, again)
		}
	})
}
