package fast

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

const simpleHeader = "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"

func TestParse(t *testing.T) {
	for text, want := range map[string]kind{
		simpleHeader + "\r\nhi":                simple,
		simpleHeader + "\r\nhi" + simpleHeader: simple,
		"POST /RPC2/ HTTP/1.1\r\nhost:127.0.0.1:9001\r\nCONTENT-LENGTH:\t2 \r\n\r\nhi":                           simple,
		simpleHeader + "Authorization: Basic dTpw\r\nConnection: Keep-Alive\r\nUser-Agent: x (y)\r\n\r\nhi":      simple,
		simpleHeader + "Accept: */*\r\nAccept-Encoding: gzip\r\nContent-Type: text/xml;charset=utf-8\r\n\r\n<a>": simple,
		"":                                                                 incomplete,
		"POST /RPC2 HTTP/1.1":                                              incomplete,
		"POST /RPC2 HTTP/1.1\r":                                            incomplete,
		simpleHeader:                                                       incomplete,
		simpleHeader + "Content-Ty":                                        incomplete,
		simpleHeader + "\r\nh":                                             incomplete,
		"GET":                                                              notSimple,
		"GET /RPC2 HTTP/1.1\r\nHost: x\r\n\r\n":                            notSimple,
		"POST /RPC2foo HTTP/1.1\r\n":                                       notSimple,
		"POST /RPC2?x HTTP/1.1\r\n":                                        notSimple,
		"POST /RPC2 HTTP/1.0\r\n":                                          notSimple,
		"POST /RPC2 HTTP/1.1\nHost: x\n":                                   notSimple,
		"POST http://h/RPC2 HTTP/1.1\r\n":                                  notSimple,
		"\r\n" + simpleHeader + "\r\nhi":                                   notSimple,
		simpleHeader + "Content-Length: 2\r\n\r\nhi":                       notSimple,
		simpleHeader + "Host: localhost\r\n\r\nhi":                         notSimple,
		simpleHeader + "Expect: 100-continue\r\n\r\n":                      notSimple,
		simpleHeader + "Transfer-Encoding: chunked\r\n\r\n":                notSimple,
		simpleHeader + "Connection: close\r\n\r\nhi":                       notSimple,
		simpleHeader + "X-Forwarded-For: 1.2.3.4\r\n\r\nhi":                notSimple,
		simpleHeader + " folded\r\n\r\nhi":                                 notSimple,
		simpleHeader + "User-Agent : x\r\n\r\nhi":                          notSimple,
		simpleHeader + "User-Agent: \x01\r\n\r\nhi":                        notSimple,
		simpleHeader + "User-Agent: Mozilla/5.0 (X11)\r\n\r\nhi":           notSimple,
		simpleHeader + "User-Agent: é\r\n\r\nhi":                           notSimple,
		simpleHeader + "Authorization: a\r\nAuthorization: b\r\n\r\nhi":    notSimple,
		"POST /RPC2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi":               simple,    // no Host
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\n\r\n":                           notSimple, // no length
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n":      notSimple,
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n":     notSimple,
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nhi":   notSimple,
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2,2\r\n\r\nhi":  notSimple,
		"POST /RPC2 HTTP/1.1\r\nHost: a b\r\nContent-Length: 2\r\n\r\nhi":  notSimple,
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n": notSimple,
	} {
		if _, _, got := parse([]byte(text)); got != want {
			t.Errorf("%q: kind %d, want %d", text, got, want)
		}
	}
}

// A simple request is the same request to net/http, to the byte, and every part of one is incomplete.
func FuzzParse(f *testing.F) {
	for _, text := range []string{simpleHeader + "\r\nhi", simpleHeader + "\r\nhi" + simpleHeader + "\r\nho",
		simpleHeader + "Authorization: Basic dTpw\r\nConnection: keep-alive\r\n\r\nhi", "GET / HTTP/1.1\r\n\r\n",
		"POST /RPC2/ HTTP/1.1\r\nHost: [::1]:9001\r\nAccept: \t\r\nContent-Length: 00002\r\n\r\nhi",
		simpleHeader + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", simpleHeader + "Content-Length : 2\r\n\r\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ours, used, k := parse(data)
		if k != simple {
			return
		}
		in := bytes.NewReader(data)
		r, err := http.ReadRequest(bufio.NewReaderSize(in, 16))
		if err != nil {
			t.Fatalf("net/http: %v", err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(body, ours.body) {
			t.Errorf("body %q, in net/http %q, %v", ours.body, body, err)
		}
		if r.Method != "POST" || strings.TrimRight(r.URL.Path, "/") != "/RPC2" || r.Close || r.Host != string(ours.host) ||
			len(r.TransferEncoding) > 0 || r.Header.Get("Authorization") != ours.authorization {
			t.Errorf("%+v, in net/http %+v", ours, r)
		}
		if string(data[used-len(body):used]) != string(body) {
			t.Errorf("%d bytes used, which do not end with the body", used)
		}
		for n := range used {
			if _, _, k := parse(data[:n]); k != incomplete {
				t.Fatalf("%q: kind %d", data[:n], k)
			}
		}
	})
}
