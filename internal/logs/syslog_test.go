package logs

import (
	"bufio"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// covers: REP-F11
// A stream gets records that end in NUL; a NUL of a program's output cannot begin another one. It is connected to again.
func TestSyslogStream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	s := NewSyslog(path)
	defer s.Close()
	for _, text := range []string{"one\ntw\x00<0>o", "again"} {
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		s.Send("cat ", []byte(text))
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		for line := range strings.SplitSeq(text, "\n") {
			got, err := in.ReadString(0)
			if want := " supervisord: cat " + strings.ReplaceAll(line, "\x00", " ") + "\x00"; err != nil ||
				!strings.HasPrefix(got, "<14>") || !strings.HasSuffix(got, want) {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		}
		conn.Close()
		l.Close()
	}
}

// A stalled daemon with a stream blocks no caller, and gets all records in their order, also those sent in part.
func TestSyslogStreamSlowReader(t *testing.T) {
	const records = 20000 // more than the socket holds
	path := filepath.Join(t.TempDir(), "log")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := NewSyslog(path)
	defer s.Close()
	for i := range records {
		s.Send("", strconv.AppendInt(nil, int64(i), 10))
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for i := range records {
		got, err := in.ReadString(0)
		if want := " supervisord: " + strconv.Itoa(i) + "\x00"; err != nil || !strings.HasSuffix(got, want) {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
}

// The rest of a record goes to no other daemon than its beginning.
func TestSyslogStreamCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := NewSyslog(path)
	defer s.Close()
	s.Send("", make([]byte, 4<<20-100)) // most of it is queued
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	s.Send("", []byte("next"))
	if conn, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got, err := bufio.NewReader(conn).ReadString(0)
	if err != nil || !strings.HasPrefix(got, "<14>") || !strings.HasSuffix(got, " supervisord: next\x00") {
		t.Errorf("got %.100q, %v", got, err)
	}
}

// Lost records are reported once, and once more when they arrive again.
func TestSyslogReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var got []string
	s := &Syslog{path: path, Report: func(text string) { got = append(got, text) }}
	defer s.Close()
	s.Send("", []byte("one\ntwo"))
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s.Send("", []byte("three\nfour"))
	want := []string{"cannot send to syslog at " + path + ": no such file or directory, output is lost there until this is fixed",
		"syslog at " + path + " takes output again, 2 records were lost"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
