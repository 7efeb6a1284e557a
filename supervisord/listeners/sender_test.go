package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
)

// smtpServer serves one connection. It returns its address, and the lines that it receives until QUIT. It encrypts if there is
// a configuration.
func smtpServer(t *testing.T, config *tls.Config) (address string, received <-chan []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	result := make(chan []string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { conn.Close() }()
		var lines []string
		in, answer := bufio.NewScanner(conn), func(text string) { conn.Write([]byte(text + "\r\n")) }
		answer("220 hello")
		for data := false; in.Scan(); {
			line := in.Text()
			lines = append(lines, line)
			switch {
			case data && line == ".":
				data = false
				answer("250 taken")
			case data:
			case line == "DATA":
				data = true
				answer("354 go on")
			case line == "QUIT":
				answer("221 bye")
				result <- lines
				return
			case config != nil && strings.HasPrefix(line, "EHLO"):
				answer("250-hello\r\n250 STARTTLS")
			case line == "STARTTLS":
				answer("220 go on")
				conn = tls.Server(conn, config)
				in = bufio.NewScanner(conn)
			default:
				answer("250 fine")
			}
		}
	}()
	return l.Addr().String(), result
}

// TestSMTP sends a message.
func TestSMTP(t *testing.T) {
	address, received := smtpServer(t, nil)
	s := sender{from: "s@b", to: []string{"a@b", "c@d"}, subject: "Alert", host: address}
	if err := s.deliver("one\n.two\n"); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(<-received, "\n")
	for _, want := range []string{"MAIL FROM:<s@b>", "RCPT TO:<a@b>", "RCPT TO:<c@d>",
		"To: a@b, c@d\nFrom: s@b\nSubject: Alert\nDate: ",
		"\n\none\n..two\n.\nQUIT"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
}

// TestNoEncryption shows that --tls refuses a server that cannot encrypt.
func TestNoEncryption(t *testing.T) {
	address, _ := smtpServer(t, nil)
	s := sender{from: "s@b", to: []string{"a@b"}, host: address, tls: true}
	if err := s.deliver("x"); err == nil || err.Error() != "the server cannot encrypt" {
		t.Errorf("%v", err)
	}
}

// TestServerCertificate shows that a server may have a self-signed certificate, unless --verify is given. covers: REP-F4
func TestServerCertificate(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	web.Close()
	for _, verify := range []bool{false, true} {
		address, received := smtpServer(t, web.TLS)
		s := sender{from: "s@b", to: []string{"a@b"}, host: address, tls: true, verify: verify}
		err := s.deliver("x")
		var unknown x509.UnknownAuthorityError
		switch {
		case verify && !errors.As(err, &unknown), !verify && err != nil:
			t.Errorf("verify %t: %v", verify, err)
		case !verify:
			<-received
		}
	}
}
