package logs

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// covers: L12-b
// Lines that are logged in a freeze wait, and are written in order: by the same program or, once, by the next one.
func TestMainIsHandedOver(t *testing.T) {
	ownRegistry(t)
	dir := t.TempDir()
	o := MainOptions{Path: filepath.Join(dir, "main.log"), Level: api.Info, MaxBytes: 300, Backups: 3}
	m, err := OpenMain(o)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	line := func() {
		m.Infof("line %d", n)
		m.Debugf("not logged")
		n++
	}
	for range 10 {
		line()
		m.Freeze()
		line()
		before := contents(t, dir)
		line()
		if d := cmp.Diff(before, contents(t, dir)); d != "" {
			t.Fatalf("written in a freeze:\n%s", d)
		}
		m.Thaw()
		line()
		m.Freeze()
		line()
		upgrade(t, m.Export, func(r *handover.Reader, s MainState) { m = ImportMain(r, s, o) })
		line()
		Begin()
		m.Begin()
	}
	m.Close()
	var got []string
	files := contents(t, dir)
	for _, name := range []string{"main.log.3", "main.log.2", "main.log.1", "main.log"} {
		for text := range strings.Lines(files[name]) {
			got = append(got, strings.TrimSpace(text[headLength:]))
		}
	}
	for i := range got {
		if want := fmt.Sprintf("line %d", n-len(got)+i); got[i] != want {
			t.Fatalf("got %q, want %q: %q", got[i], want, got)
		}
	}
	if len(got) < 20 {
		t.Errorf("%d lines are left", len(got))
	}
	var none *Main
	none.Freeze()
	none.Thaw()
}

// covers: L12-b
// The counters of a copy whose reader does not keep up, and the syslog of the main log, go on.
func TestMainCopyIsHandedOver(t *testing.T) {
	ownRegistry(t)
	m := NewMain(writerFunc(func([]byte) (int, error) { return 0, ErrBehind }), api.Info)
	m.Infof("a")
	m.Infof("b")
	dropped := m.dropped
	m.syslog = NewSyslog(filepath.Join(t.TempDir(), "none"))
	m.syslog.dropped = 4
	m.Freeze()
	upgrade(t, m.Export, func(r *handover.Reader, s MainState) {
		m = ImportMain(r, s, MainOptions{Path: SyslogName, Level: api.Warn})
	})
	if m.dropped != dropped || m.dropped.lines != 2 || m.copy != Stdout || m.syslog.dropped != 4 || m.level != api.Warn || m.file != nil {
		t.Errorf("%+v", m)
	}
}

// covers: L12-b
// What our standard output has not taken comes before what the next program writes to it.
func TestStandardOutputIsHandedOver(t *testing.T) {
	ownRegistry(t)
	path, reader := fifo(t)
	fd, err := syscall.Open(path, syscall.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	var want []byte
	for i := range 5 {
		out := &standard{fd: fd} // of a program
		for range 3 {
			line := bytes.Repeat(fmt.Appendf(nil, "%d\n", i), 20_000)
			want = append(want, line...)
			if n, err := out.Write(line); n != len(line) || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		upgrade(t, func(*handover.Writer) int { return 0 }, func(*handover.Reader, int) {})
		Begin()
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(reader, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, or it is not what was written", err)
	}
	if !Flush(20 * time.Second) {
		t.Error("something is left")
	}
}
