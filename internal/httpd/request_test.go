package httpd

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

const plainHead = "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"

func TestParse(t *testing.T) {
	for text, want := range map[string]verdict{
		plainHead + "\r\nhi":             plain,
		plainHead + "\r\nhi" + plainHead: plain,
		"POST /RPC2/ HTTP/1.1\r\nhost:127.0.0.1:9001\r\nCONTENT-LENGTH:\t2 \r\n\r\nhi":                        plain,
		plainHead + "Authorization: Basic dTpw\r\nConnection: Keep-Alive\r\nUser-Agent: x (y)\r\n\r\nhi":      plain,
		plainHead + "Accept: */*\r\nAccept-Encoding: gzip\r\nContent-Type: text/xml;charset=utf-8\r\n\r\n<a>": plain,
		"":                                                                 unfinished,
		"POST /RPC2 HTTP/1.1":                                              unfinished,
		"POST /RPC2 HTTP/1.1\r":                                            unfinished,
		plainHead:                                                          unfinished,
		plainHead + "Content-Ty":                                           unfinished,
		plainHead + "\r\nh":                                                unfinished,
		"GET":                                                              other,
		"GET /RPC2 HTTP/1.1\r\nHost: x\r\n\r\n":                            other,
		"POST /RPC2foo HTTP/1.1\r\n":                                       other,
		"POST /RPC2?x HTTP/1.1\r\n":                                        other,
		"POST /RPC2 HTTP/1.0\r\n":                                          other,
		"POST /RPC2 HTTP/1.1\nHost: x\n":                                   other,
		"POST http://h/RPC2 HTTP/1.1\r\n":                                  other,
		"\r\n" + plainHead + "\r\nhi":                                      other,
		plainHead + "Content-Length: 2\r\n\r\nhi":                          other,
		plainHead + "Host: localhost\r\n\r\nhi":                            other,
		plainHead + "Expect: 100-continue\r\n\r\n":                         other,
		plainHead + "Transfer-Encoding: chunked\r\n\r\n":                   other,
		plainHead + "Connection: close\r\n\r\nhi":                          other,
		plainHead + "X-Forwarded-For: 1.2.3.4\r\n\r\nhi":                   other,
		plainHead + " folded\r\n\r\nhi":                                    other,
		plainHead + "User-Agent : x\r\n\r\nhi":                             other,
		plainHead + "User-Agent: \x01\r\n\r\nhi":                           other,
		plainHead + "User-Agent: é\r\n\r\nhi":                              other,
		plainHead + "Authorization: a\r\nAuthorization: b\r\n\r\nhi":       other,
		"POST /RPC2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi":               other, // no Host
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\n\r\n":                           other, // no length
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n":      other,
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n":     other,
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nhi":   other,
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2,2\r\n\r\nhi":  other,
		"POST /RPC2 HTTP/1.1\r\nHost: a b\r\nContent-Length: 2\r\n\r\nhi":  other,
		"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n": other,
	} {
		if _, _, got := parse([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// What is a plain call to us is the same call to net/http, to the byte; and no piece of a plain call is anything but
// unfinished.
func FuzzParse(f *testing.F) {
	for _, text := range []string{plainHead + "\r\nhi", plainHead + "\r\nhi" + plainHead + "\r\nho",
		plainHead + "Authorization: Basic dTpw\r\nConnection: keep-alive\r\n\r\nhi", "GET / HTTP/1.1\r\n\r\n",
		"POST /RPC2/ HTTP/1.1\r\nHost: [::1]:9001\r\nAccept: \t\r\nContent-Length: 00002\r\n\r\nhi",
		plainHead + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", plainHead + "Content-Length : 2\r\n\r\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		mine, used, v := parse(data)
		if v != plain {
			return
		}
		in := bytes.NewReader(data)
		r, err := http.ReadRequest(bufio.NewReaderSize(in, 16))
		if err != nil {
			t.Fatalf("net/http says %v", err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(body, mine.body) {
			t.Errorf("body %q, net/http has %q, %v", mine.body, body, err)
		}
		if r.Method != "POST" || strings.TrimRight(r.URL.Path, "/") != "/RPC2" || r.Close || r.Host == "" && mine.line == nil ||
			len(r.TransferEncoding) > 0 || r.Header.Get("Authorization") != mine.authorization {
			t.Errorf("%+v, net/http has %+v", mine, r)
		}
		if string(data[used-len(body):used]) != string(body) {
			t.Errorf("%d bytes used, which do not end in the body", used)
		}
		for n := range used {
			if _, _, v := parse(data[:n]); v != unfinished {
				t.Fatalf("%q: %d", data[:n], v)
			}
		}
	})
}
