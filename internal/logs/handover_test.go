package logs

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// ownRegistry gives the test targets of its own.
func ownRegistry(t *testing.T) {
	t.Helper()
	old := writers
	writers = newRegistry()
	t.Cleanup(func() { writers = old })
}

func freezeAll(t *testing.T) {
	t.Helper()
	if err := Freeze(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
}

// upgrade hands the frozen targets over to a program of its own, with what export returns, which imp takes. What was queued in
// between is written then.
func upgrade[T any](t *testing.T, export func(*handover.Writer) T, imp func(*handover.Reader, T)) {
	t.Helper()
	type room struct {
		Targets TargetsState
		More    T
	}
	freezeAll(t)
	for _, target := range writers.at {
		if target.syslog != nil {
			continue
		}
		own, err := syscall.Dup(target.fd) // the other one is in the poller of this program, for as long as it is open
		if err != nil {
			t.Fatal(err)
		}
		target.fd = own
	}
	w := handover.NewWriter("1")
	w.Put("logs", room{Export(w), export(w)})
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range writers.at {
		target.close()
	}
	r, err := handover.Read(text, "2", false)
	if err != nil {
		t.Fatal(err)
	}
	var state room
	r.Get("logs", &state)
	writers = newRegistry()
	Import(r, state.Targets)
	imp(r, state.More)
	if err := r.Complete(); err != nil {
		t.Fatal(err)
	}
}

// upgradeFiles is upgrade of files, in place of which there are others then.
func upgradeFiles(t *testing.T, o FileOptions, files ...**File) {
	t.Helper()
	upgrade(t, func(w *handover.Writer) (s []*FileState) {
		for _, f := range files {
			s = append(s, (*f).Export(w))
		}
		return s
	}, func(r *handover.Reader, s []*FileState) {
		for i, f := range files {
			(*f).fd = -1
			(*f).async.Store(nil)
			*f = ImportFile(r, s[i], (*f).path, o)
		}
	})
}

// socketTarget makes a path that leads to a socket that blocks, which others share.
func socketTarget(t *testing.T) (path string, reader *os.File) {
	t.Helper()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	reader = os.NewFile(uintptr(ends[0]), "socket")
	t.Cleanup(func() { reader.Close(); syscall.Close(ends[1]) })
	return "/dev/fd/" + strconv.Itoa(ends[1]), reader
}

// covers: L12-b
// What is queued for a slow reader stands still during a freeze, and is written by the next program: whole, in order, before and
// after what two files write to the same target.
func TestQueueIsHandedOver(t *testing.T) {
	for name, target := range map[string]func(*testing.T) (string, *os.File){"FIFO": fifo, "socket": socketTarget} {
		t.Run(name, func(t *testing.T) {
			ownRegistry(t)
			path, reader := target(t)
			a, b := open(t, path, FileOptions{}), open(t, path, FileOptions{})
			var want bytes.Buffer
			n := 0
			writeBoth := func() {
				t.Helper()
				for _, f := range []*File{a, b} {
					chunk := bytes.Repeat(fmt.Appendf(nil, "%d\n", n), 90_000)
					n++
					want.Write(chunk)
					if kept, err := f.Write(chunk); kept != len(chunk) || err != nil {
						t.Fatalf("%d, %v", kept, err)
					}
				}
			}
			var got []byte
			read := func(n int) {
				t.Helper()
				part := make([]byte, n)
				if _, err := io.ReadFull(reader, part); err != nil {
					t.Fatal(err)
				}
				got = append(got, part...)
			}
			writeBoth()
			read(10_001)
			freezeAll(t)
			writeBoth() // is queued
			Thaw()
			read(70_001)
			for range 5 {
				freezeAll(t)
				Thaw()
				upgradeFiles(t, FileOptions{}, &a, &b)
				if a.Backpressure() == nil {
					t.Fatal("no backpressure")
				}
				writeBoth()
				Begin()
				read(77_777)
			}
			a.Close()
			b.Close()
			read(want.Len() - len(got))
			if !bytes.Equal(got, want.Bytes()) {
				t.Error("it is not what was written")
			}
			for !Flush(20 * time.Second) {
				t.Fatal("something is left")
			}
		})
	}
}

// covers: L12-b
// A target that nothing writes to is in use as before, one that nothing uses is closed.
func TestUnusedTargets(t *testing.T) {
	ownRegistry(t)
	path, reader := fifo(t)
	gone, goneReader := fifo(t)
	f, g := open(t, path, FileOptions{}), open(t, gone, FileOptions{})
	upgradeFiles(t, FileOptions{}, &f, &g)
	fd := g.fd
	g.async.Swap(nil)
	writers.release(writers.at[inodeOfPath(t, gone)])
	syscall.Close(int(fd))
	Begin()
	put(t, f, "a")
	if n, err := reader.Read(make([]byte, 9)); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := goneReader.Read(make([]byte, 9)); n != 0 || err != io.EOF || len(writers.at) != 1 {
		t.Errorf("%d, %v, %d targets", n, err, len(writers.at))
	}
	f.Close()
}

func inodeOfPath(t *testing.T, path string) inode {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return inode{uint64(st.Dev), st.Ino}
}

// covers: L12-b
// A write that cannot be interrupted makes the freeze fail, and everything goes on. What was lost is reported by the next program.
func TestFreezeInVain(t *testing.T) {
	ownRegistry(t)
	entered, leave := make(chan struct{}, 9), make(chan error)
	written := 0
	w := writers.add(&asyncWriter{close: func() {}, write: func(p []byte) (int, error) {
		entered <- struct{}{}
		err := <-leave
		if err == nil {
			written += len(p)
		}
		return len(p), err
	}})
	_, _ = w.send([]byte("123"))
	<-entered
	if err := Freeze(time.Now()); err != ErrFrozen {
		t.Fatalf("%v", err)
	}
	_, _ = w.send([]byte("45"))
	leave <- nil
	<-entered
	leave <- nil
	if !Flush(20*time.Second) || written != 5 {
		t.Errorf("%d bytes were written", written)
	}
}

// covers: L12-b
// The state of a target that fails or drops output goes on.
func TestFailuresAreHandedOver(t *testing.T) {
	ownRegistry(t)
	path, _ := fifo(t)
	f := open(t, path, FileOptions{})
	w := f.async.Load()
	w.failed, w.failures, w.dropping = syscall.EIO, 7, true
	upgradeFiles(t, FileOptions{}, &f)
	next := f.async.Load()
	if next == w || !next.dropping {
		t.Error("it does not drop output any more")
	}
	lost, err := next.send([]byte("x"))
	if lost != 7 || err == nil || err.Error() != syscall.EIO.Error() {
		t.Errorf("%d, %v", lost, err)
	}
	if lost, err = next.send(nil); lost != 0 || err != nil {
		t.Errorf("reported again: %d, %v", lost, err)
	}
	Begin()
	f.Close()
}

// covers: L12-b
// A log goes on as it would without a handover: rotation, a file that was renamed or removed, and what is reported once.
func TestFilesAreHandedOver(t *testing.T) {
	steps := []func(path string, f *File) error{
		func(_ string, f *File) error { _, err := f.Write([]byte("12345")); return err },
		func(_ string, f *File) error { _, err := f.Write([]byte("67890")); return err }, // rotates at 10
		func(_ string, f *File) error { _, err := f.Write([]byte("abc")); return err },
		func(path string, _ *File) error { return os.Rename(path, path+".moved") },
		func(_ string, f *File) error { _, err := f.Write([]byte("def")); return err }, // to the renamed one
		func(_ string, f *File) error {
			f.comparedAt -= 2 * compareInterval
			f.checkedAt = time.Time{}
			return nil
		},
		func(_ string, f *File) error { _, err := f.Write([]byte("ghi")); return err }, // opened again
		func(path string, _ *File) error { return os.Remove(path) },
		func(_ string, f *File) error { _, err := f.Write([]byte("lost")); return err },
		func(_ string, f *File) error { f.checkedAt = time.Time{}; return nil },
		func(_ string, f *File) error { _, err := f.Write([]byte("jkl")); return err }, // created again
		func(path string, _ *File) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+"2") },
		func(_ string, f *File) error { _, err := f.Write([]byte("m")); return err },
		func(path string, _ *File) error { return os.Remove(filepath.Dir(path) + "2/" + filepath.Base(path)) },
		func(_ string, f *File) error { f.checkedAt = time.Time{}; _, err := f.Write([]byte("nop")); return err },
		func(_ string, f *File) error { _, err := f.Write([]byte("qr")); return err },
		func(path string, _ *File) error { return os.Rename(filepath.Dir(path)+"2", filepath.Dir(path)) },
		func(_ string, f *File) error { f.checkedAt = time.Time{}; _, err := f.Write([]byte("st")); return err },
		func(_ string, f *File) error { return f.Reopen() },
		func(_ string, f *File) error { return f.Close() },
	}
	run := func(upgrades bool) (log []string) {
		ownRegistry(t)
		dir := filepath.Join(t.TempDir(), "d")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		o := FileOptions{MaxBytes: 10, Backups: 2}
		f := open(t, filepath.Join(dir, "log"), o)
		for _, step := range steps {
			err := step(f.path, f)
			log = append(log, strings.ReplaceAll(fmt.Sprint(err), filepath.Dir(dir), ""))
			if upgrades && f.fd >= 0 {
				upgradeFiles(t, o, &f)
				Begin()
			}
		}
		for name, text := range contents(t, dir) {
			log = append(log, name+" "+text)
		}
		return log
	}
	if d := cmp.Diff(sorted(run(false)), sorted(run(true))); d != "" {
		t.Errorf("(-without +with handovers):\n%s", d)
	}
}

// sorted sorts what has no order: the names of files at the end.
func sorted(log []string) []string {
	files := log[20:]
	for i := range files {
		for j := range i {
			if files[i] < files[j] {
				files[i], files[j] = files[j], files[i]
			}
		}
	}
	return log
}

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

// covers: L12-f
// A rehearsal makes everything without a descriptor. A target that is missing, or of another kind, makes it fail.
func TestRehearsal(t *testing.T) {
	ownRegistry(t)
	path, _ := fifo(t)
	f := open(t, path, FileOptions{})
	defer f.Close()
	w := handover.NewWriter("1")
	targets, file := Export(w), f.Export(w)
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	defer func(old *registry) { writers = old }(writers)
	for _, c := range []struct {
		targets TargetsState
		syslog  *TargetKey
		want    string
	}{
		{targets, nil, "<nil>"},
		{TargetsState{}, nil, file.Target.purpose() + " is not in the state"},
		{targets, file.Target, file.Target.purpose() + " is not syslog"},
	} {
		r, err := handover.Read(text, "2", true)
		if err != nil {
			t.Fatal(err)
		}
		writers = newRegistry()
		Import(r, c.targets)
		if g := ImportFile(r, file, path, FileOptions{}); g.fd != -1 {
			t.Errorf("descriptor %d", g.fd)
		}
		ImportSyslog(r, SyslogState{Target: c.syslog}, "", nil)
		if got := fmt.Sprint(r.Err()); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	if ImportFile(nil, (*File)(nil).Export(w), path, FileOptions{}) != nil {
		t.Error("no file has a state")
	}
}

// covers: L12-b
// What is queued for a pipe that blocks, because other processes share it, stands still in a freeze and goes on, also in the next program.
func TestBlockingPipeIsHandedOver(t *testing.T) {
	ownRegistry(t)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	fd, err := syscall.Dup(int(writer.Fd())) // Fd has it block
	if err != nil {
		t.Fatal(err)
	}
	writers.put(newAsyncWriter(fd), inode{1, 1})
	writers.use(nil, TargetKey{1, 1})
	var want, got []byte
	for i := range 20 {
		w := writers.at[inode{1, 1}]
		chunk := bytes.Repeat(fmt.Appendf(nil, "%d\n", i), 30_000)
		want = append(want, chunk...)
		if lost, err := w.send(chunk); lost != 0 || err != nil {
			t.Fatalf("%d, %v", lost, err)
		}
		part := make([]byte, 10_000)
		if _, err := io.ReadFull(reader, part); err != nil {
			t.Fatal(err)
		}
		got = append(got, part...)
		freezeAll(t)
		Thaw()
		if i%2 == 0 {
			upgrade(t, func(*handover.Writer) int { return 0 }, func(r *handover.Reader, _ int) { writers.use(r, TargetKey{1, 1}) })
			Begin()
		}
	}
	rest := make([]byte, len(want)-len(got))
	if _, err := io.ReadFull(reader, rest); err != nil || !bytes.Equal(append(got, rest...), want) {
		t.Errorf("%v, or it is not what was written", err)
	}
	if !Flush(20 * time.Second) {
		t.Error("something is left")
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
