package logs

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// fields parses a record of the native protocol.
func fields(t *testing.T, record []byte) (list []string) {
	t.Helper()
	for len(record) > 0 {
		end := bytes.IndexByte(record, '\n')
		if end < 0 {
			t.Fatalf("no line feed in %q", record)
		}
		line := string(record[:end])
		record = record[end+1:]
		if !strings.Contains(line, "=") {
			n := binary.LittleEndian.Uint64(record)
			line += "=" + string(record[8:8+n])
			if record[8+n] != '\n' {
				t.Fatalf("no line feed after %q", line)
			}
			record = record[8+n+1:]
		}
		list = append(list, line)
	}
	return list
}

// journald listens as journald does. Next returns the next record, and whether it came as a file.
func journald(t *testing.T, path string) (next func() (record []byte, file bool), l *net.UnixConn) {
	t.Helper()
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return func() ([]byte, bool) {
		t.Helper()
		buf, rights := make([]byte, 1<<20), make([]byte, 100)
		n, oob, _, _, err := l.ReadMsgUnix(buf, rights)
		if err != nil {
			t.Fatal(err)
		}
		if oob == 0 {
			return buf[:n], false
		}
		messages, err := syscall.ParseSocketControlMessage(rights[:oob])
		if err != nil {
			t.Fatal(err)
		}
		fds, err := syscall.ParseUnixRights(&messages[0])
		if err != nil || len(fds) != 1 || n != 0 {
			t.Fatalf("%d descriptors, %d bytes, %v", len(fds), n, err)
		}
		f := os.NewFile(uintptr(fds[0]), "record")
		defer f.Close()
		if seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0); os.Getenv("OWN_RUN") == "" && (err != nil || seals != unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE) {
			t.Errorf("seals: %x", seals)
		}
		record, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<30))
		if err != nil {
			t.Fatal(err)
		}
		return record, true
	}, l
}

func journalTarget(path string) *JournalTarget {
	return &JournalTarget{Journal: &Journal{path: path}, Group: "g", Identifier: "id", What: "stdout_journald of 'web'",
		Header: &Header{Facility: 1, Severity: 6, Name: "web", Channel: "stdout", PID: func() int { return 42 }, LevelPrefix: true}}
}

// covers: LOG-85 LOG-86
// journald gets the fields of each record, one with line feeds or of 300 KB too, the latter in a sealed file.
func TestJournal(t *testing.T) {
	ownRegistry(t)
	path := filepath.Join(t.TempDir(), "socket")
	next, _ := journald(t, path)
	target := journalTarget(path)
	target.Write([]byte("one\n<3>bad\n"))
	long := strings.Repeat("x", 300<<10)
	target.Write([]byte(long))
	want := func(priority, message string) []string {
		return []string{"PRIORITY=" + priority, "MESSAGE=" + message, "SYSLOG_IDENTIFIER=web", "SYSLOG_FACILITY=1", "SUPERVISOR_IDENTIFIER=id",
			"OBJECT_PID=42", "SUPERVISOR_GROUP=g", "SUPERVISOR_PROCESS=web", "SUPERVISOR_CHANNEL=stdout"}
	}
	for _, w := range []struct {
		fields []string
		file   bool
	}{{want("6", "one"), false}, {want("3", "bad"), false}, {want("6", long), true}} {
		record, file := next()
		if d := cmp.Diff(w.fields, fields(t, record)); d != "" || file != w.file {
			t.Errorf("file: %t %.1000s", file, d)
		}
	}
	main := &JournalTarget{Journal: target.Journal, Identifier: "id", Header: &Header{Facility: 3, Tag: "sup"}}
	main.Journal.sendLine(main, []byte(stampLayout+"WARN two\nlines\n"))
	record, _ := next()
	if d := cmp.Diff([]string{"PRIORITY=4", "MESSAGE=two\nlines", "SYSLOG_IDENTIFIER=sup", "SYSLOG_FACILITY=3", "SUPERVISOR_IDENTIFIER=id",
		"SUPERVISOR_LEVEL=warn"}, fields(t, record)); d != "" {
		t.Error(d)
	}
	target.Journal.mu.Lock()
	defer target.Journal.mu.Unlock()
	writers.release(target.Journal.async)
}

// TestJournalAsOthers compares our records with those of another implementation of the protocol. Its socket has a fixed path, so the test
// runs again with a /run of its own.
func TestJournalAsOthers(t *testing.T) {
	if os.Getenv("OWN_RUN") == "" {
		if os.Getuid() != 0 {
			t.Skip("needs root: a /run of its own")
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("unshare", "-m", "/bin/sh", "-c", `mount -t tmpfs none /run && mkdir -p /run/systemd/journal && exec "$@"`, "sh",
			self, "-test.run=^TestJournalAsOthers$")
		cmd.Env = append(os.Environ(), "OWN_RUN=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	next, _ := journald(t, journalSocket)
	for _, message := range []string{"a line", "two\nlines", strings.Repeat("long ", 100_000)} {
		target := journalTarget(journalSocket)
		vars := map[string]string{}
		for _, f := range fields(t, target.append(nil, 6, "", []byte("x"))) {
			if name, value, _ := strings.Cut(f, "="); name != "PRIORITY" && name != "MESSAGE" {
				vars[name] = value
			}
		}
		if err := journal.Send(message, journal.PriInfo, vars); err != nil {
			t.Fatal(err)
		}
		theirs, theirFile := next()
		target.Journal.mu.Lock()
		target.Journal.add(target, 6, "", []byte(message))
		target.Journal.mu.Unlock()
		ours, ourFile := next()
		// They send the other fields in any order.
		head := len("PRIORITY=6\nMESSAGE=") + len(message)
		if strings.Contains(message, "\n") {
			head += 8
		}
		sorted := func(record []byte) []string {
			return append([]string{string(record[:head])}, slices.Sorted(slices.Values(strings.SplitAfter(string(record[head:]), "\n")))...)
		}
		if d := cmp.Diff(sorted(theirs), sorted(ours)); d != "" || theirFile != ourFile {
			t.Errorf("files: %t, %t, %.1000s", theirFile, ourFile, d)
		}
	}
}

// Without journald there is one report, and records are lost, until it is tried again after a minute.
func TestJournalAbsent(t *testing.T) {
	ownRegistry(t)
	reports := ownRemotes(t)
	path := filepath.Join(t.TempDir(), "socket")
	target := journalTarget(path)
	target.Write([]byte("one\ntwo"))
	if d := cmp.Diff([]string{"stdout_journald of 'web' has no effect: " + path + ": no such file or directory"}, reports(1)); d != "" {
		t.Error(d)
	}
	next, _ := journald(t, path)
	target.Write([]byte("three"))
	conn := target.Journal.async.journal
	if conn.lost != 3 {
		t.Errorf("%d records are lost within the minute", conn.lost)
	}
	conn.tried = conn.tried.Add(-journalRetry)
	target.Write([]byte("four"))
	record, _ := next()
	if !bytes.Contains(record, []byte("\nMESSAGE=four\n")) {
		t.Errorf("%q", record)
	}
	if d := cmp.Diff([]string{"journald at " + path + " takes records again, 3 were lost"}, reports(1)); d != "" {
		t.Error(d)
	}
	writers.release(target.Journal.async)
}

// covers: L12-b
// Records that wait for journald are sent by the next program, and how many were lost is known there.
func TestJournalIsHandedOver(t *testing.T) {
	ownRegistry(t)
	ownRemotes(t)
	before := TheJournal
	t.Cleanup(func() { TheJournal = before })
	path := filepath.Join(t.TempDir(), "socket")
	next, _ := journald(t, path)
	target := journalTarget(path)
	TheJournal = target.Journal
	const records = 2000 // more than the socket holds
	for i := range records {
		target.Write([]byte(strconv.Itoa(i)))
	}
	TheJournal.dropped = 7
	freezeAll(t)
	upgrade(t, func(*handover.Writer) *JournalState { return TheJournal.export() },
		func(r *handover.Reader, s *JournalState) {
			TheJournal = &Journal{path: path}
			target.Journal = TheJournal
			TheJournal.restore(r, s)
		})
	Begin()
	for i := range records {
		record, _ := next()
		if !bytes.Contains(record, []byte("\nMESSAGE="+strconv.Itoa(i)+"\n")) {
			t.Fatalf("got %q, want %d", record, i)
		}
	}
	target.Write([]byte("last"))
	record, _ := next()
	if !bytes.Contains(record, []byte("\nMESSAGE=7 records were dropped here, journald did not keep up\n")) {
		t.Errorf("%q", record)
	}
	writers.release(TheJournal.async)
}
