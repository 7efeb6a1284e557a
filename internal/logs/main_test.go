package logs

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

func TestMainLines(t *testing.T) {
	for _, c := range []struct {
		level api.Level
		want  []string
	}{
		{api.Critical, []string{"CRIT c 1"}},
		{api.Info, []string{"CRIT c 1", "ERRO e", "WARN w", "INFO i"}},
		{api.Blather, []string{"CRIT c 1", "ERRO e", "WARN w", "INFO i", "DEBG d", "TRAC t", "BLAT b", `INFO 100%\ntwo`}},
	} {
		path := filepath.Join(t.TempDir(), "main.log")
		m, err := OpenMain(MainOptions{Path: path, Level: c.level})
		if err != nil {
			t.Fatal(err)
		}
		m.Critf("c %d", 1)
		m.Errorf("e")
		m.Warnf("w")
		m.Infof("i")
		m.Debugf("d")
		m.Tracef("t")
		m.Blatherf("b")
		if m.Enabled(api.Blather) {
			m.Log(api.Info, "100%\ntwo")
		}
		m.Close()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		stamp := regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} `)
		if n := len(stamp.FindAll(b, -1)); c.level > api.Blather && n != len(c.want) {
			t.Errorf("%d of %d lines are dated", n, len(c.want))
		}
		got := strings.Split(strings.TrimSuffix(stamp.ReplaceAllString(string(b), ""), "\n"), "\n")
		if d := cmp.Diff(c.want, got); d != "" {
			t.Error(d)
		}
	}
}

func TestMainOpenError(t *testing.T) {
	dir := t.TempDir()
	_, err := OpenMain(MainOptions{Path: dir})
	if want := "could not open log file " + dir + ": is a directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestMainRotatesReopensAndClears(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	m, err := OpenMain(MainOptions{Path: path, Level: api.Info, MaxBytes: 40, Backups: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.Infof("first line of text")
	m.Infof("second")
	got := contents(t, dir)
	if !strings.HasSuffix(got["m.1"], "INFO first line of text\n") || !strings.HasSuffix(got["m"], "INFO second\n") {
		t.Errorf("%q", got)
	}
	if err := m.Clear(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".2"); err != nil {
		t.Fatal(err)
	}
	if err := m.Reopen(); err != nil {
		t.Fatal(err)
	}
	m.Infof("x")
	got = contents(t, dir)
	if got["m.2"] != "" || !strings.HasSuffix(got["m"], "INFO x\n") {
		t.Errorf("%q", got)
	}
}

func TestNilMain(t *testing.T) {
	var m *Main
	m.Infof("x")
	m.Log(api.Critical, "x")
	m.Close()
	if m.Enabled(api.Critical) || m.Path() != "" || m.Reopen() != nil || m.Clear() != nil {
		t.Error("a nil main log does something")
	}
}

// listen makes a syslog daemon. It returns its path, and a function that reads one record without its date.
func listen(t *testing.T) (path string, next func() string, conn *net.UnixConn) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "sv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path = filepath.Join(dir, "log")
	conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return path, func() string { return record(t, conn) }, conn
}

func record(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	buf := make([]byte, 64<<10)
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	stamp := regexp.MustCompile(`^(<14>)[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d `)
	s := string(buf[:n])
	if !stamp.MatchString(s) {
		t.Errorf("no date in %q", s)
	}
	return stamp.ReplaceAllString(s, "$1")
}

// descriptors returns how many are open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestSyslog(t *testing.T) {
	path, next, conn := listen(t)
	s := NewSyslog(path)
	defer s.Close()
	target := SyslogTarget{Syslog: s, Prefix: "cat "}
	target.Write([]byte("one\n\npartial"))
	for _, want := range []string{"<14>supervisord: cat one", "<14>supervisord: cat ", "<14>supervisord: cat partial"} {
		if got := next(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	before := descriptors(t)
	for range 10 {
		target.Write([]byte("more\n"))
		next()
	}
	if now := descriptors(t); now > before { // those of earlier tests are closed by the garbage collector, whenever it runs
		t.Errorf("%d descriptors before ten records, %d after", before, now)
	}
	conn.Close()
	os.Remove(path)
	target.Write([]byte("no daemon\n"))
	again, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	target.Write([]byte("back\n"))
	if got, want := record(t, again), "<14>supervisord: cat back"; got != want {
		t.Errorf("after a restart: got %q, want %q", got, want)
	}
}

// TestSyslogSlowReader shows that records are queued for a slow daemon, in their order.
func TestSyslogSlowReader(t *testing.T) {
	const records = 2000 // more than the socket holds
	path, next, _ := listen(t)
	s := NewSyslog(path)
	defer s.Close()
	for i := range records {
		s.Send("", strconv.AppendInt(nil, int64(i), 10))
	}
	for i := range records {
		if got, want := next(), "<14>supervisord: "+strconv.Itoa(i); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func TestMainToSyslog(t *testing.T) {
	path, next, _ := listen(t)
	m, err := OpenMain(MainOptions{Path: SyslogName, Level: api.Info})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.syslog.path = path
	m.Lines(api.Info, "hello", []byte("world"))
	for _, want := range []string{"INFO hello\n", "INFO world\n"} {
		got := next()
		if !regexp.MustCompile(`^<14>supervisord: \d{4}-.{18} ` + want + `$`).MatchString(got) {
			t.Errorf("got %q", got)
		}
	}
	if m.Path() != "" || m.Clear() != nil || m.Reopen() != nil {
		t.Error("syslog is taken for a file")
	}
}

func TestDebugTarget(t *testing.T) {
	for data, want := range map[string]string{"Malmö\n": "Malmö\n", "\x88\n": `Undecodable: b'\x88\n'`} {
		var main bytes.Buffer
		target := DebugTarget{Main: NewMain(&main, api.Debug), Process: "p", Channel: api.Stderr}
		target.Write([]byte(data))
		if got := main.String()[len(stampLayout):]; got != "DEBG 'p' stderr output:\n"+want+"\n" {
			t.Errorf("%q", got)
		}
	}
}

// TestFileTarget shows that output is discarded without a file, and after Close.
func TestFileTarget(t *testing.T) {
	dir := t.TempDir()
	for _, target := range []FileTarget{{}, {File: open(t, filepath.Join(dir, "a"), FileOptions{})}} {
		target.Write([]byte("data"))
		if err := target.Reopen(); err != nil || target.Backpressure() != nil {
			t.Errorf("%v, or backpressure", err)
		}
		target.Close()
		target.Write([]byte("lost"))
		target.Close()
	}
	if d := cmp.Diff(map[string]string{"a": "data"}, contents(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestFullDiskIsReportedInTheMainLog(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	var main bytes.Buffer
	s := FileTarget{Process: "p", File: open(t, "/dev/full", FileOptions{}), Main: NewMain(&main, api.Info)}
	s.Write([]byte("1"))
	s.Write([]byte("2"))
	if n := strings.Count(main.String(), "WARN could not write log file /dev/full of process 'p': no space"); n != 1 {
		t.Errorf("reported %d times: %s", n, main.String())
	}
}
