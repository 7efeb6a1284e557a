package filewatch

import (
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// world is a Watcher, a directory without links, and what has been reported.
type world struct {
	t    *testing.T
	w    *Watcher
	dir  string
	logs []string

	mu      sync.Mutex
	grew    *sync.Cond
	changed int
	lines   []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	x := &world{t: t, dir: dir}
	x.grew = sync.NewCond(&x.mu)
	x.w = New(x.send)
	t.Cleanup(func() { x.w.Close() })
	return x
}

// send is the loop.
func (x *world) send(f func(time.Time)) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	f(time.Now())
	x.grew.Broadcast()
	return true
}

// add begins to watch, and returns when everything is watched.
func (x *world) add(spec Spec, from *SetState) *Set {
	x.t.Helper()
	spec.Name = "p"
	spec.Changed = func(time.Time) { x.changed++ }
	spec.Report = func(level api.Level, text string) {
		if level > api.Debug {
			x.lines = append(x.lines, level.String()+" "+text)
		}
	}
	if spec.Patterns == nil {
		spec.Patterns = []string{"*"}
	}
	x.w.SetLogs(x.logs) // an upgrade knows them before
	s := x.w.Add(spec, from)
	x.w.SetLogs(x.logs)
	x.settle()
	read := make(chan struct{})
	x.w.hash.add(func() { close(read) })
	<-read
	return s
}

// settle waits until all work that has been given to the Watcher is done.
func (x *world) settle() {
	done := make(chan struct{})
	x.w.inbox.call(func() { x.w.recheck(); close(done) })
	<-done
}

// await waits until f is true. It is called after everything that is sent to the loop.
func (x *world) await(what string, f func() bool) {
	x.t.Helper()
	late := time.AfterFunc(patience, func() { x.mu.Lock(); x.grew.Broadcast(); x.mu.Unlock() })
	defer late.Stop()
	end := time.Now().Add(patience)
	x.mu.Lock()
	defer x.mu.Unlock()
	for !f() {
		if time.Now().After(end) {
			x.t.Fatalf("%s does not come; reported: %q", what, x.lines)
		}
		x.grew.Wait()
	}
}

// path is a path below the directory of the test.
func (x *world) path(name string) string { return filepath.Join(x.dir, name) }

// write writes a file, and makes its directory.
func (x *world) write(name, text string) {
	x.t.Helper()
	if err := os.MkdirAll(filepath.Dir(x.path(name)), 0o755); err != nil {
		x.t.Fatal(err)
	}
	if err := os.WriteFile(x.path(name), []byte(text), 0o755); err != nil {
		x.t.Fatal(err)
	}
}

func (x *world) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

// shown are the names that have changed since the last call. The file named last is made anew, and everything before it has
// been handled when that is seen.
func (x *world) shown(s *Set, last string) (names []string) {
	x.t.Helper()
	x.write("outside", "")
	x.must(os.Rename(x.path("outside"), x.path(last))) // one event
	end := time.Now().Add(patience)
	for {
		x.settle()
		s.mu.Lock()
		_, there := s.pending.names[x.path(last)]
		s.mu.Unlock()
		if there {
			x.settle() // what was found with it
			s.mu.Lock()
			found := slices.Sorted(maps.Values(s.pending.names))
			s.mu.Unlock()
			s.Take()
			return slices.Concat(slices.DeleteFunc(found, func(name string) bool { return name == filepath.Base(last) })) // nil if there is none
		}
		if time.Now().After(end) {
			x.t.Fatalf("the change of %s is not seen; reported: %q", last, x.lines)
		}
	}
}

// covers: L11-b L11-h
func TestTree(t *testing.T) {
	x := newWorld(t)
	x.write("a/one.py", "1")
	x.write("a/sub/two.py", "1")
	x.write("a/skip/three.py", "1")
	x.write("elsewhere/x/deep/four.py", "1")
	x.write("a/app.log", "1")
	x.logs = []string{x.path("a/app.log")}
	s := x.add(Spec{Paths: []string{x.path("a")}, Patterns: []string{"*.py", "conf/*.yaml", "end", "moved*", "x", "y"}, Exclude: []string{"*_test.py", "skip", "/sub/no.py"}}, nil)
	for _, c := range []struct {
		what string
		do   func()
		want []string
	}{
		{"write", func() { x.write("a/one.py", "2") }, []string{"one.py"}},
		{"write below", func() { x.write("a/sub/two.py", "2") }, []string{"sub/two.py"}},
		{"other name", func() { x.write("a/one.txt", "2") }, nil},
		{"excluded", func() { x.write("a/one_test.py", "2"); x.write("a/sub/no.py", "") }, nil},
		{"pattern of a path", func() { x.write("a/conf/a.yaml", "2"); x.write("a/b.yaml", "") }, []string{"conf/a.yaml"}},
		{"excluded directory", func() { x.write("a/skip/three.py", "2"); x.write("a/skip/new/three.py", "2") }, nil},
		{"hidden", func() { x.write("a/.git/x.py", "2"); x.write("a/.x.py", "") }, nil},
		{"copies of editors", func() { x.write("a/one.py~", "2"); x.write("a/.one.py.swp", ""); x.write("a/4913", "") }, nil},
		{"log", func() { x.write("a/app.log", "2"); x.write("a/app.log.1", "2"); x.write("a/app.log.1.py", "2") }, nil},
		{"new directory", func() { x.write("a/new/deep/five.py", "") }, []string{"new/deep/five.py"}},
		{"file in a directory of later", func() { x.write("a/new/deep/five.py", "2") }, []string{"new/deep/five.py"}},
		{"old time, new mode", func() {
			old := time.Now().Add(-time.Hour)
			x.must(os.Chtimes(x.path("a/one.py"), old, old))
			x.must(os.Chmod(x.path("a/one.py"), 0o700))
		}, nil},
		{"touch", func() { now := time.Now(); x.must(os.Chtimes(x.path("a/one.py"), now, now)) }, []string{"one.py"}},
		{"rename of a file", func() { x.must(os.Rename(x.path("a/one.py"), x.path("a/uno.py"))) }, []string{"one.py", "uno.py"}},
		{"removal", func() { x.must(os.Remove(x.path("a/uno.py"))) }, []string{"uno.py"}},
		{"link", func() { x.must(os.Symlink("/nonexistent", x.path("a/link.py"))) }, []string{"link.py"}},
		{"removal of a directory", func() { x.must(os.RemoveAll(x.path("a/new"))) }, []string{"new/deep/five.py"}},
		{"directory moved here", func() { x.must(os.Rename(x.path("elsewhere/x"), x.path("a/x"))) }, []string{"x/deep/four.py"}},
		{"directory moved within", func() { x.must(os.Rename(x.path("a/x"), x.path("a/y"))) }, []string{"x/", "y/deep/four.py"}},
		{"file in a moved one", func() { x.write("a/y/deep/four.py", "2") }, []string{"y/deep/four.py"}},
		{"directory moved away", func() { x.must(os.Rename(x.path("a/y"), x.path("y"))) }, []string{"y/"}},
		{"file there", func() { x.write("y/deep/four.py", "2") }, nil},
		{"another in its place", func() { x.write("a/y/deep/four.py", "2") }, []string{"y/deep/four.py"}},
		{"socket", func() {
			l, err := net.Listen("unix", x.path("a/moved.sock"))
			x.must(err)
			l.Close()
		}, nil},
	} {
		c.do()
		if d := cmp.Diff(c.want, x.shown(s, "a/end")); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, d)
		}
	}
	if d := cmp.Diff([]string(nil), x.lines); d != "" {
		t.Errorf("reported (-want +got):\n%s", d)
	}
}

// TestPaths has other things be at the paths that are watched.
func TestPaths(t *testing.T) {
	x := newWorld(t)
	x.write("r1/app/a", "1")
	x.write("r2/app/a", "1")
	x.write("f/file", "1")
	x.write("end/end", "1")
	x.must(os.Symlink("r1", x.path("current")))
	s := x.add(Spec{Paths: []string{x.path("current/app"), x.path("f/file"), x.path("end")}}, nil)
	link := func(to string) {
		x.must(os.Symlink(to, x.path("new")))
		x.must(os.Rename(x.path("new"), x.path("current")))
	}
	app, file := x.path("current/app"), x.path("f/file")
	for _, c := range []struct {
		what string
		do   func()
		want []string
	}{
		{"file", func() { x.write("r1/app/a", "2") }, []string{"a"}},
		{"link to another directory", func() { link("r2") }, []string{app}},
		{"file in the old one", func() { x.write("r1/app/a", "3") }, nil},
		{"file in the new one", func() { x.write("r2/app/a", "3") }, []string{"a"}},
		{"the same by another link", func() { link("../" + filepath.Base(x.dir) + "/r2") }, nil},
		{"file after that", func() { x.write("r2/app/a", "4") }, []string{"a"}},
		{"two names exchanged", func() {
			x.must(os.Rename(x.path("r2"), x.path("r3")))
			x.must(os.Rename(x.path("r1"), x.path("r2")))
		}, []string{app}},
		{"file after that", func() { x.write("r2/app/a", "5"); x.write("r3/app/a", "5") }, []string{"a"}},
		{"a single file", func() { x.write("f/file", "2"); x.write("f/other", "2") }, []string{file}},
		{"another in its place", func() { x.write("f/new", "3"); x.must(os.Rename(x.path("f/new"), x.path("f/file"))) }, []string{file}},
		{"its directory", func() {
			x.write("g/file", "4")
			x.must(os.Rename(x.path("f"), x.path("h")))
			x.must(os.Rename(x.path("g"), x.path("f")))
		}, []string{file}},
	} {
		c.do()
		if d := cmp.Diff(c.want, x.shown(s, "end/end")); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, d)
		}
	}
}

// TestBusy changes files between Add and the moment in which a busy machine has begun to watch, perhaps in the next program.
//
// covers: L12-c
func TestBusy(t *testing.T) {
	x := newWorld(t)
	x.write("d/before", "1")
	x.write("file", "1")
	busy := make(chan struct{})
	x.w.inbox.call(func() { <-busy })
	spec := Spec{Paths: []string{x.path("d"), x.path("file")}, Patterns: []string{"*"}, Changed: func(time.Time) {},
		Report: func(api.Level, string) {}}
	s := x.w.Add(spec, nil)
	state := s.Export(false, time.Now())
	for stampOf(x.path("d/after")).CTime <= s.added.UnixNano() { // the kernel gives files the time of its last tick
		x.write("d/after", "1")
		x.write("d/log", "1")
	}
	x.write("file", "2")
	close(busy)
	for who, s := range map[string]*Set{"the same": s, "the next one": x.w.Add(spec, state)} {
		x.settle() // it has begun, and does not know the logs yet
		x.w.SetLogs([]string{x.path("d/log")})
		x.settle()
		if c, _ := s.Take(); c.Count != 2 {
			t.Errorf("%s program: %+v", who, c)
		}
	}
}

// TestMissing has a directory vanish and come back: nothing is taken in between.
func TestMissing(t *testing.T) {
	x := newWorld(t)
	s := x.add(Spec{Paths: []string{x.path("b/a")}}, nil)
	x.await("the report", func() bool { return len(x.lines) == 1 })
	x.write("b/a/one", "1")
	x.await("a change", func() bool { return x.changed == 1 })
	x.settle()
	if c, ok := s.Take(); !ok || c.Path != x.path("b/a") || !strings.HasPrefix(c.Text, c.Path) {
		t.Errorf("there: %+v, %v", c, ok)
	}
	x.must(os.RemoveAll(x.path("b")))
	x.await("the second report", func() bool { return len(x.lines) == 2 })
	x.settle()
	if c, ok := s.Take(); ok {
		t.Errorf("while it is missing: %+v", c)
	}
	x.write("b/a/two", "1")
	x.await("a change", func() bool { return x.changed == 3 })
	x.settle()
	if c, ok := s.Take(); !ok || c.Count < 2 {
		t.Errorf("there again: %+v, %v", c, ok)
	}
	if d := cmp.Diff([]string{"warn p: there is no " + x.path("b/a") + ", its changes are seen when it is there",
		"warn p: " + x.path("b/a") + " is gone, its changes are seen when it is back"}, x.lines); d != "" {
		t.Errorf("reported (-want +got):\n%s", d)
	}
}

// TestBinary looks at the file that is executed after changes of it.
// covers: L11-c L11-d
func TestBinary(t *testing.T) {
	x := newWorld(t)
	x.write("b/app", "one")
	s := x.add(Spec{Binary: []string{x.path("a/app"), x.path("b/app")}}, nil)
	rename := func(text string) func() {
		return func() { x.write("b/new", text); x.must(os.Rename(x.path("b/new"), x.path("b/app"))) }
	}
	for _, c := range []struct {
		what string
		do   func()
		want Examined
	}{
		{"another file with the same content", rename("one"), Examined{}},
		{"touch", func() { now := time.Now(); x.must(os.Chtimes(x.path("b/app"), now, now)) }, Examined{}},
		{"other content", rename("two"), Examined{Changed: true}},
		{"written again", func() { x.write("b/app", "three") }, Examined{Changed: true}},
		{"gone", func() { x.must(os.Remove(x.path("b/app"))) }, Examined{Path: x.path("a/app"), Problem: "no such file or directory"}},
		{"the same again", func() { x.write("b/app", "three") }, Examined{}},
		{"not executable", func() { x.write("b/app", "four"); x.must(os.Chmod(x.path("b/app"), 0o644)) }, Examined{Problem: "it is not executable"}},
		{"executable", func() { x.must(os.Chmod(x.path("b/app"), 0o755)) }, Examined{Changed: true}},
		{"empty", func() { x.write("b/app", "") }, Examined{Problem: "it is empty"}},
		{"a directory", func() { x.must(os.Remove(x.path("b/app"))); x.must(os.Mkdir(x.path("b/app"), 0o755)) }, Examined{Problem: "not a file"}},
		{"a link", func() {
			x.must(os.Remove(x.path("b/app")))
			x.write("c/app", "five")
			x.must(os.Symlink("../c/app", x.path("b/app")))
		}, Examined{Changed: true}},
		{"behind the link", func() { x.write("c/app", "six") }, Examined{Changed: true}},
		{"earlier in PATH", func() { x.write("a/app", "seven") }, Examined{Path: x.path("a/app"), Changed: true}},
	} {
		c.do()
		if c.want.Path == "" {
			c.want.Path = x.path("b/app")
		}
		x.await("a change: "+c.what, func() bool { _, ok := peek(s); return ok })
		x.settle()
		x.settle() // events that came with the first one
		s.Take()
		done := make(chan Examined, 1)
		s.Examine(func(got Examined, _ time.Time) { done <- got })
		if d := cmp.Diff(c.want, <-done); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, d)
		}
	}
}

// peek returns whether the executed file may have changed. It is called with the lock of the world, under which Changed is called.
func peek(s *Set) (Change, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending.change(), s.pending.binary
}

// TestTooMany gives up a tree that is too large, and goes on with others.
// covers: L11-i
func TestTooMany(t *testing.T) {
	old := budget.WatchedDirectories.Limit
	budget.WatchedDirectories.Limit = 10 * perDirectory
	defer func() { budget.WatchedDirectories.Limit = old }()
	x := newWorld(t)
	x.write("small/a/x", "")
	for i := range 9 {
		x.write(fmt.Sprintf("large/%d/x", i), "")
	}
	s := x.add(Spec{Paths: []string{x.path("small"), x.path("large")}}, nil)
	x.write("large/0/x", "1")
	x.write("small/a/x", "1")
	if d := cmp.Diff([]string{"a/x"}, x.shown(s, "small/end")); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
	for i := range 9 {
		x.write(fmt.Sprintf("small/%d/x", i), "")
	}
	x.await("the second report", func() bool { return len(x.lines) == 2 })
	if d := cmp.Diff([]string{"warn p: too many directories below " + x.path("large") + ", changes are not seen",
		"warn p: too many directories below " + x.path("small") + ", changes are not seen"}, x.lines); d != "" {
		t.Errorf("reported (-want +got):\n%s", d)
	}
	x.settle()
	for dir := range x.w.dirs {
		if len(x.w.dirs[dir].trees) > 0 {
			t.Errorf("%s is still watched", dir)
		}
	}
}

// TestLost counts lost events as one change of unknown files.
func TestLost(t *testing.T) {
	x := newWorld(t)
	x.write("a/x", "")
	s := x.add(Spec{Paths: []string{x.path("a")}}, nil)
	x.w.inbox.lose()
	x.await("a change", func() bool { return x.changed == 1 })
	if c, ok := s.Take(); !ok || c.Text != "some files changed" {
		t.Errorf("%+v, %v", c, ok)
	}
}

// TestText is how changes are named.
func TestText(t *testing.T) {
	s := &Set{watcher: New(func(func(time.Time)) bool { return true })}
	defer s.watcher.Close()
	for _, c := range []struct {
		files int
		want  string
	}{{1, "conf/app.yaml changed"}, {4, "conf/app.yaml and 3 more changed"}, {5000, "conf/app.yaml and at least 999 more changed"}} {
		for i := range c.files {
			s.change("conf/app.yaml", fmt.Sprint(i), time.Now())
		}
		if got, _ := s.Take(); got.Text != c.want {
			t.Errorf("%s, want %s", got.Text, c.want)
		}
	}
	s.change("a\nb", "/a", time.Now())
	if got, _ := s.Take(); got.Text != `a\nb changed` {
		t.Errorf("%s", got.Text)
	}
}

// TestClose leaves nothing watched when a set has ended, and shares what two sets watch.
func TestClose(t *testing.T) {
	x := newWorld(t)
	x.write("a/b/x", "")
	one := x.add(Spec{Paths: []string{x.path("a")}, Binary: []string{x.path("a/b/x")}}, nil)
	watched := len(x.w.notify.list())
	two := x.add(Spec{Paths: []string{x.path("a/b")}}, nil)
	if n := len(x.w.notify.list()); n != watched || n != len(x.w.dirs) {
		t.Errorf("%d watches for two sets, %d for one, %d directories", n, watched, len(x.w.dirs))
	}
	one.Close()
	x.settle()
	x.write("a/b/x", "1")
	x.await("a change of the other one", func() bool { return x.changed > 0 })
	two.Close()
	x.settle()
	if left := x.w.notify.list(); len(left) > 0 || len(x.w.dirs) > 0 {
		t.Errorf("left: %q, %v", left, x.w.dirs)
	}
}

// TestHandover has changes happen between two programs.
func TestHandover(t *testing.T) {
	x := newWorld(t)
	for _, name := range []string{"a/written", "a/removed", "a/same", "a/sub/same", "a/waits", "a/out.log", "b/written", "elsewhere/d/new", "app"} {
		x.write(name, "1")
		old := time.Now().Add(-time.Hour)
		x.must(os.Chtimes(x.path(name), old, old))
	}
	x.must(os.Symlink("b", x.path("l")))
	x.logs = []string{x.path("a/out.log")}
	spec := Spec{Paths: []string{x.path("a"), x.path("l"), x.path("missing")}, Binary: []string{x.path("app")}}
	s := x.add(spec, nil)
	x.write("a/waits", "2")
	x.await("a change", func() bool { return x.changed == 1 })
	state := s.Export(true, time.Now())
	if since := time.Since(time.Unix(0, state.Since)); since < clockStep || since > patience {
		t.Errorf("changes are known until %v ago", since)
	}
	state.Since = x.tick() // else the files made above are new
	x.w.Close()
	x.tick()
	x.write("a/written", "2")
	x.write("a/out.log", "2")
	x.write("c/written", "2")
	x.write("app", "2")
	x.must(os.Remove(x.path("a/removed")))
	x.must(os.Rename(x.path("elsewhere/d"), x.path("a/d")))
	x.must(os.Remove(x.path("l")))
	x.must(os.Symlink("c", x.path("l")))

	text, err := handover.Marshal(state)
	x.must(err)
	state = &SetState{}
	x.must(handover.Unmarshal(text, state))
	x.w = New(x.send)
	x.logs = []string{x.path("a/out.log")}
	s = x.add(spec, state)
	if d := cmp.Diff([]string{x.path("l"), "d/", "waits", "written", "written"}, x.shown(s, "a/end")); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
	examined := make(chan Examined, 1)
	s.Examine(func(got Examined, _ time.Time) { examined <- got })
	if got := <-examined; !got.Changed {
		t.Errorf("the executed file: %+v", got)
	}
	state = s.Export(false, time.Now())
	state.Since = x.tick()
	x.w.Close()
	x.tick()
	x.w = New(x.send)
	s = x.add(spec, state)
	if d := cmp.Diff([]string(nil), x.shown(s, "a/end")); d != "" {
		t.Errorf("changes the second time (-want +got):\n%s", d)
	}
}

// tick waits until the clock of the file system has gone on, and returns its time.
func (x *world) tick() int64 {
	x.t.Helper()
	for first := int64(0); ; {
		x.write("clock", "")
		now := stampOf(x.path("clock")).CTime
		if first == 0 {
			first = now
		}
		if now > first {
			return now
		}
	}
}
