package logs

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// covers: L12-b
// Records of syslog wait for the next program, which connects anew. One that was sent in part is sent again.
func TestSyslogIsHandedOver(t *testing.T) {
	ownRegistry(t)
	const records = 6_000 // more than the socket holds
	path := filepath.Join(t.TempDir(), "log")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := NewSyslog(path)
	n := 0
	send := func(to int) {
		for ; n < to; n++ {
			s.Send("", fmt.Appendf(nil, "%d %s", n, strings.Repeat("x", 40)))
		}
	}
	next := 0
	receive := func(in *bufio.Reader, to int) {
		t.Helper()
		for next < to {
			text, err := in.ReadString(0)
			if err == io.EOF {
				return // the beginning of a record that comes again
			}
			_, text, _ = strings.Cut(text, " supervisord: ")
			if text, _, _ = strings.Cut(text, " "); text != strconv.Itoa(next) || err != nil {
				t.Fatalf("got %s, %v, want %d", text, err, next)
			}
			next++
		}
	}
	for round := range 3 {
		send((round + 1) * records)
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		receive(in, next+10)
		freezeAll(t)
		Thaw()
		upgrade(t, func(*handover.Writer) SyslogState { return s.Export() },
			func(r *handover.Reader, state SyslogState) { s = ImportSyslog(r, state, path, nil) })
		receive(in, 1<<60)
		conn.Close()
		Begin()
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	send(n + 1)
	receive(bufio.NewReader(conn), n)
	conn.Close()
	s.Close()
}

// covers: L12-b
// What is lost for syslog is counted on, and reported by the next program.
func TestSyslogLossIsHandedOver(t *testing.T) {
	ownRegistry(t)
	path := filepath.Join(t.TempDir(), "log")
	s := NewSyslog(path)
	var reports []string
	s.Report = func(text string) { reports = append(reports, text) }
	s.Send("", []byte("a\nb"))
	s.dropped = 3
	upgrade(t, func(*handover.Writer) SyslogState { return s.Export() },
		func(r *handover.Reader, state SyslogState) { s = ImportSyslog(r, state, path, s.Report) })
	Begin()
	l, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s.Send("", []byte("c"))
	buf := make([]byte, 1000)
	size, _, err := l.ReadFrom(buf)
	if err != nil || !bytes.HasSuffix(buf[:size], []byte("3 records were dropped here, the syslog daemon did not keep up")) {
		t.Errorf("%q, %v", buf[:size], err)
	}
	want := []string{"cannot send to syslog at " + path + ": no such file or directory, output is lost there until this is fixed",
		"syslog at " + path + " takes output again, 2 records were lost"}
	if d := cmp.Diff(want, reports); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	s.Close()
}
