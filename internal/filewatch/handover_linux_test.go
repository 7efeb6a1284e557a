package filewatch

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// handed is what the program before has written, and what the next one has read.
type handed struct {
	watcher *State
	sets    []*SetState
	reader  *handover.Reader
}

// hand freezes the Watcher and hands it over with sets. What was read of its descriptor is another one, so that both can be closed.
func (x *world) hand(sets ...*Set) (h handed) {
	x.t.Helper()
	x.w.Freeze(time.Now().Add(patience))
	if !x.w.frozen() {
		x.t.Fatal("the watcher does not pause")
	}
	x.t.Cleanup(x.w.Thaw)
	n := x.w.notify.(*inotify)
	own := n.fd
	fd, err := unix.FcntlInt(uintptr(own), unix.F_DUPFD_CLOEXEC, 3)
	x.must(err)
	w := handover.NewWriter("1")
	n.fd = fd
	w.Put("watcher", x.w.Export(w))
	n.fd = own
	for _, s := range sets {
		h.sets = append(h.sets, s.Export(false, time.Now()))
	}
	w.Put("sets", h.sets)
	text, err := w.Text()
	x.must(err)
	h.reader, err = handover.Read(text, "2", false)
	x.must(err)
	h.sets = nil
	h.reader.Get("watcher", &h.watcher)
	h.reader.Get("sets", &h.sets)
	return h
}

// next goes on with what was handed over.
func (x *world) next(h handed, specs ...Spec) (sets []*Set) {
	x.t.Helper()
	before := x.w
	x.w = Import(h.reader, h.watcher)
	x.must(h.reader.Complete())
	x.w.Begin(x.send)
	for i, spec := range specs {
		sets = append(sets, x.add(spec, h.sets[i]))
	}
	x.w.Resume()
	x.t.Cleanup(before.Close)
	return sets
}

// TestHandoverExact changes files between two programs: each change is noticed once, what was noticed before is not noticed again, and what is
// watched is the same.
// covers: L11-upgrade
func TestHandoverExact(t *testing.T) {
	x := newWorld(t)
	for _, name := range []string{"d/sub/old", "d/kept", "d/gone/deep", "d/moved/file", "e/file", "b/app"} {
		x.write(name, "")
	}
	x.must(unix.Mkfifo(x.path("d/fifo"), 0o600))
	trees := Spec{Paths: []string{x.path("d"), x.path("e/file"), x.path("missing")}, Exclude: []string{"excluded"}}
	binary := Spec{Binary: []string{x.path("a/app"), x.path("b/app")}}
	s, b := x.add(trees, nil), x.add(binary, nil)
	x.write("other/file", "")
	gone := x.add(Spec{Paths: []string{x.path("other")}}, nil)
	x.write("d/kept", "2")
	if diff := cmp.Diff([]string{"kept"}, x.below(x.shown(s, "d/first"))); diff != "" {
		t.Fatal(diff)
	}
	watched := slices.Sorted(slices.Values(x.w.notify.list()))
	changed := x.notified()
	h := x.hand(s, b, gone)
	if diff := cmp.Diff(watched, slices.Sorted(maps.Values(h.watcher.Watches))); diff != "" {
		t.Error(diff)
	}

	x.write("d/sub/old", "2")
	x.write("d/new/deep/file", "")
	x.must(os.RemoveAll(x.path("d/gone")))
	x.must(os.Rename(x.path("d/moved"), x.path("d/other")))
	x.must(os.Remove(x.path("d/fifo")))
	x.write("d/excluded", "")
	x.write("e/file", "2")
	x.write("b/app", "2")
	now := x.next(h, trees, binary)
	s, b = now[0], now[1]
	want := []string{"e/file", "gone/deep", "moved/", "new/deep/file", "other/file", "sub/old"}
	if diff := cmp.Diff(want, x.below(x.shown(s, "d/last"))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if list := x.w.notify.list(); slices.Contains(list, x.path("other")) {
		t.Errorf("a directory is watched that no set needs: %v", list)
	}
	x.await("a change of the executed file", func() bool { _, ok := peek(b); return ok })
	if n := x.notified() - changed; n != 2 {
		t.Errorf("%d notifications, not one for each set", n)
	}

	x.write("d/other/file", "2")
	x.must(os.Mkdir(x.path("missing"), 0o700))
	x.must(os.WriteFile(x.path("d/new/deep/more"), nil, 0o600))
	if diff := cmp.Diff([]string{"missing", "new/deep/more", "other/file"}, x.below(x.shown(s, "d/end"))); diff != "" {
		t.Errorf("later changes (-want +got):\n%s", diff)
	}
	s.Close()
	b.Close()
	x.settle()
	if left := x.w.notify.list(); len(left) > 0 || len(x.w.dirs) > 0 {
		t.Errorf("left: %v, %v", left, x.w.dirs)
	}
}

// TestHandoverOfAdded hands over a set that the Watcher has not begun with: what has changed since it was added counts.
func TestHandoverOfAdded(t *testing.T) {
	x := newWorld(t)
	x.write("d/file", "")
	x.w.Freeze(time.Now().Add(patience))
	t.Cleanup(x.w.Thaw)
	spec := Spec{Paths: []string{x.path("d")}}
	s := x.w.Add(spec, nil)
	for stampOf(x.path("d/file")).CTime <= s.added.UnixNano() { // the kernel gives files the time of its last tick
		x.write("d/file", "2")
	}
	state := s.Export(false, time.Now())
	t.Cleanup(x.w.Close)
	x.w = New(x.send)
	next := x.add(spec, state)
	if c, _ := next.Take(); c.Count != 1 {
		t.Errorf("%+v", c)
	}
}

// TestFreezeInVain shows that a Watcher that a file system delays goes on, and is not handed over.
func TestFreezeInVain(t *testing.T) {
	x := newWorld(t)
	x.write("d/old", "")
	s := x.add(Spec{Paths: []string{x.path("d")}}, nil)
	slow := make(chan struct{})
	x.w.inbox.call(func() { <-slow })
	x.w.Freeze(time.Now())
	if state := s.Export(false, time.Now()); x.w.Export(nil) != nil || state.Watched != nil || state.Since == 0 {
		t.Errorf("it is handed over: %+v", state)
	}
	x.w.Thaw()
	close(slow)
	x.write("d/old", "2")
	if diff := cmp.Diff([]string{"old"}, x.below(x.shown(s, "d/last"))); diff != "" {
		t.Errorf("later changes (-want +got):\n%s", diff)
	}
	x.w.Freeze(time.Now().Add(patience))
	x.w.Thaw()
	x.write("d/old", "3")
	if diff := cmp.Diff([]string{"old"}, x.below(x.shown(s, "d/end"))); diff != "" {
		t.Errorf("changes after a freeze (-want +got):\n%s", diff)
	}
	x.w.Close()
	<-x.w.ended
	x.w.Freeze(time.Now().Add(patience)) // it does not wait
}

// below shortens paths below the directory of the test.
func (x *world) below(names []string) (short []string) {
	for _, name := range names {
		short = append(short, strings.TrimPrefix(name, x.dir+"/"))
	}
	slices.Sort(short)
	return short
}

// notified is how often Changed has been called.
func (x *world) notified() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.changed
}
