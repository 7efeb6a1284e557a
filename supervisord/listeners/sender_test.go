package main

import (
	"bufio"
	"net"
	"strings"
	"testing"
)

// TestSMTP sends a message to a server that records what it receives.
func TestSMTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	received := make(chan []string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
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
				received <- lines
				return
			default:
				answer("250 fine")
			}
		}
	}()
	s := sender{from: "s@b", to: []string{"a@b", "c@d"}, subject: "Alert", host: l.Addr().String()}
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Write([]byte("220 hello\r\n"))
		for in := bufio.NewScanner(conn); in.Scan(); {
			conn.Write([]byte("250 fine\r\n"))
		}
	}()
	s := sender{from: "s@b", to: []string{"a@b"}, host: l.Addr().String(), tls: true}
	if err := s.deliver("x"); err == nil || err.Error() != "the server cannot encrypt" {
		t.Errorf("%v", err)
	}
}
