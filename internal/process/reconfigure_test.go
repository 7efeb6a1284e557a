package process

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

// TestReconfigureOutput changes what output passes through between every two of its bytes, from every setting of events and syslog to
// every other one: each byte passes what counts at its time, and what was begun to be captured is captured.
func TestReconfigureOutput(t *testing.T) {
	socket, records := syslogDaemon(t)
	path := filepath.Join(t.TempDir(), "log")
	const in = captured
	for from := range 4 {
		for to := range 4 {
			for cut := 1; cut < len(in); cut += 5 {
				os.Remove(path)
				before := settings{file: true, capture: true, event: from&1 != 0, syslog: from&2 != 0}
				after := settings{file: true, capture: true, event: to&1 != 0, syslog: to&2 != 0}
				p, _ := before.process(socket, path)
				all := subscribe(&p.shared.Events, "PROCESS_LOG", "PROCESS_COMMUNICATION")
				if err := p.out.open(); err != nil {
					t.Fatal(err)
				}
				p.pid = 7
				p.out.setPID(7)
				next, _ := after.process(socket, path)
				p.out.Write([]byte("a\n"))
				p.out.Write([]byte(in[:cut]))
				p.out.config = next.out.config
				p.out.rebuild()
				p.out.Write([]byte(in[cut:]))
				p.out.Write([]byte("b\n"))
				p.out.close()
				var want, got received
				want.File = "a\nb\n"
				for _, part := range []struct {
					settings
					text string
				}{{before, "a\n"}, {after, "b\n"}} {
					if part.event {
						want.Events = append(want.Events, "PROCESS_LOG_STDOUT processname:p groupname:g pid:7 channel:stdout\n"+part.text)
					}
					if part.text == "a\n" {
						want.Events = append(want.Events, "PROCESS_COMMUNICATION_STDOUT processname:p groupname:g pid:7\nc")
					}
					if part.syslog {
						want.Syslog += "supervisord: p " + part.text[:1] + "|"
					}
				}
				got.Events, got.Syslog = all.received(), records(p.shared.Syslog)
				if b, err := os.ReadFile(path); err == nil {
					got.File = string(b)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("from %+v to %+v after %d bytes (-want +got):\n%s", before, after, cut, d)
				}
			}
		}
	}
}

// TestReconfigureLog changes the log of a process without a child, while a helper has it open: the helper and the next child write to the
// new one.
func TestReconfigureLog(t *testing.T) {
	dir := t.TempDir()
	p, _ := settings{file: true}.process("", filepath.Join(dir, "old"))
	if err := p.out.openFile(); err != nil {
		t.Fatal(err)
	}
	p.out.file.Write([]byte("1"))
	next := *p.out.config
	next.Log.Path, next.Log.MaxBytes, next.Log.Backups = filepath.Join(dir, "new"), 2, 1
	p.out.configure(&next, p.Config, false)
	for _, text := range []string{"22", "3"} {
		p.out.file.Write([]byte(text))
	}
	p.out.closeFile()
	got := map[string]string{}
	for _, name := range []string{"old", "new", "new.1"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			got[name] = string(b)
		}
	}
	if d := cmp.Diff(map[string]string{"old": "1", "new": "3", "new.1": "22"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if p.Logfile(api.Stdout) != next.Log.Path {
		t.Error(p.Logfile(api.Stdout))
	}
}
