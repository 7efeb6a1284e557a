package logs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

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
		if target.syslog != nil || target.journal != nil {
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
