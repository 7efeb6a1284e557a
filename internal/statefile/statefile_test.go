package statefile

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

var backup = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// open returns a File of a path, and what it warns of.
func open(t *testing.T, path string) (f *File, warnings *string) {
	t.Helper()
	f, warnings = New(), new(string)
	f.Open(path, func(format string, args ...any) { *warnings += fmt.Sprintf(format, args...) })
	return f, warnings
}

func apply(t *testing.T, f *File, c Change) {
	t.Helper()
	if err := <-f.Apply(c); err != nil {
		t.Fatal(err)
	}
}

// TestFile makes changes, and reads the file that has them.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	f, _ := open(t, path)
	apply(t, f, Change{Enable: []string{"web"}})
	if _, err := os.Stat(path); err == nil {
		t.Error("a change that changes nothing has made the file")
	}
	apply(t, f, Change{Disable: []string{"web", "g:p", "old"}, Scale: map[string]Scale{"worker": {6, 4}, "same": {2, 2}},
		Ran: map[string]time.Time{"backup": backup.Add(time.Millisecond).In(time.FixedZone("", 3600)), "never": {}}})
	apply(t, f, Change{Enable: []string{"old", "unknown"}})
	text, err := os.ReadFile(path)
	want := `{"version":1,"disabled":["g:p","web"],"scaled":{"worker":{"to":6,"file":4}},"cron":{"backup":"2026-11-22T03:00:00Z"}}` + "\n"
	if err != nil || string(text) != want {
		t.Errorf("%s%v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	again, warnings := open(t, path)
	if d := again.Data(); *warnings != "" || !d.equal(f.Data()) || !d.Disabled["g:p"] || d.Scaled["worker"] != (Scale{6, 4}) || !d.Cron["backup"].Equal(backup) {
		t.Errorf("%+v %s", d, *warnings)
	}
	apply(t, f, Change{Enable: []string{"web", "g:p"}, Scale: map[string]Scale{"worker": {4, 4}}, Ran: map[string]time.Time{"backup": {}}})
	if text, err := os.ReadFile(path); err != nil || string(text) != `{"version":1}`+"\n" {
		t.Errorf("%s%v", text, err)
	}
	if names, err := filepath.Glob(path + "*"); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
}

// TestVersions keeps what later versions have in the file.
func TestVersions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	later := `{"version":3,"disabled":{"web":"why"},"scaled":{"worker":{"to":6,"file":4}},"new":[1, 2]}`
	if err := os.WriteFile(path, []byte(later), 0o600); err != nil {
		t.Fatal(err)
	}
	f, warnings := open(t, path)
	if d := f.Data(); *warnings != "" || len(d.Disabled) != 0 || d.Scaled["worker"].To != 6 {
		t.Errorf("%+v %s", d, *warnings)
	}
	apply(t, f, Change{Ran: map[string]time.Time{"backup": backup}})
	want := `{"version":3,"scaled":{"worker":{"to":6,"file":4}},"cron":{"backup":"2026-11-22T03:00:00Z"},"disabled":{"web":"why"},"new":[1, 2]}` + "\n"
	if text, err := os.ReadFile(path); err != nil || string(text) != want {
		t.Errorf("%s%v", text, err)
	}
	apply(t, f, Change{Disable: []string{"web"}})
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), `"disabled":["web"]`) {
		t.Errorf("%s%v", text, err)
	}
}

// TestUnreadable sets files aside that cannot be read, each time with a warning.
func TestUnreadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	for _, text := range []string{"", "garbage", "[]", `{"version":1`, `{"disabled":["web"]}`, `{"version":"1"}`, `{"version":0}`,
		`{"version":1,"disabled":"web"}`, `{"version":1,"cron":{"b":"soon"}}`, `{"version":1,"scaled":{"w":{"to":-1}}}`, `{"version":1} {}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, warnings := open(t, path)
		if !f.Data().equal(&Data{}) || !strings.HasPrefix(*warnings, "cannot read the state file "+path+": ") {
			t.Errorf("%s: %+v %s", text, f.Data(), *warnings)
		}
		if kept, err := os.ReadFile(path + ".bad"); err != nil || string(kept) != text {
			t.Errorf("%s: %q, %v", text, kept, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", text)
		}
		apply(t, f, Change{Disable: []string{"web"}})
	}
	if err := os.Chmod(path, 0o622); err != nil {
		t.Fatal(err)
	}
	if f, warnings := open(t, path); len(f.Data().Disabled) != 0 || !strings.Contains(*warnings, "others can write it") {
		t.Errorf("%+v %s", f.Data(), *warnings)
	}
	if f, warnings := open(t, path); len(f.Data().Disabled) != 0 || *warnings != "" {
		t.Errorf("a missing file: %+v %s", f.Data(), *warnings)
	}
}

// TestUnwritable changes nothing if the file cannot be written, and goes on when it can.
func TestUnwritable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	f, _ := open(t, dir+"/state")
	for range 2 {
		err := <-f.Apply(Change{Disable: []string{"web"}})
		if want := "cannot write the state file " + dir + "/state: no such file or directory"; err == nil || err.Error() != want {
			t.Fatal(err)
		}
		if f.Data().Disabled["web"] {
			t.Error("disabled all the same")
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	apply(t, f, Change{Disable: []string{"web"}})
	if !f.Data().Disabled["web"] {
		t.Error("not disabled")
	}
	if err := os.MkdirAll(dir+"/other/x", 0o700); err != nil {
		t.Fatal(err)
	}
	f, _ = open(t, dir+"/other")
	if err := <-f.Apply(Change{Disable: []string{"web"}}); err != nil {
		t.Error("a directory was renamed to other.bad before:", err)
	}
}

// TestRestart opens a File again, as for each run of supervisord: what is in memory remains, but for numbers without a file.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	f, _ := open(t, path)
	apply(t, f, Change{Disable: []string{"a"}, Scale: map[string]Scale{"w": {3, 1}}})
	f, _ = open(t, "")
	apply(t, f, Change{Disable: []string{"b"}, Scale: map[string]Scale{"v": {3, 1}}})
	f.Open("", t.Logf)
	if d := f.Data(); !d.Disabled["b"] || d.Scaled != nil {
		t.Errorf("%+v", d)
	}
	f.Open(path, t.Logf)
	if d := f.Data(); !reflect.DeepEqual(d.Disabled, map[string]bool{"a": true, "b": true}) || d.Scaled["w"].To != 3 {
		t.Errorf("%+v", d)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	f.Open(path, t.Logf)
	if d := f.Data(); len(d.Disabled) != 2 || len(d.Scaled) != 1 {
		t.Errorf("%+v", d)
	}
}

// TestMany makes changes from many goroutines: none is lost.
func TestMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	f, _ := open(t, path)
	var all []<-chan error
	for i := range 100 {
		all = append(all, f.Apply(Change{Disable: []string{fmt.Sprint("p", i)}}))
	}
	for _, done := range all {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if f, _ := open(t, path); len(f.Data().Disabled) != 100 {
		t.Errorf("%d", len(f.Data().Disabled))
	}
}

// TestHandover freezes a File, hands it over with a change that is not written, and goes on with both.
func TestHandover(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	f, _ := open(t, path)
	apply(t, f, Change{Disable: []string{"web"}})
	if err := f.Freeze(time.Now()); err != nil {
		t.Fatal(err)
	}
	done := f.Apply(Change{Ran: map[string]time.Time{"backup": backup}})
	s := f.Export()
	want := State{Path: path, Data: `{"version":1,"disabled":["web"]}` + "\n", Waiting: []Change{{Ran: map[string]time.Time{"backup": backup}}}}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("%+v", s)
	}
	if s := New().Export(); !reflect.DeepEqual(s, State{}) {
		t.Errorf("%+v", s)
	}
	next := Import(s)
	if next.Data().Cron != nil || !next.Data().Disabled["web"] {
		t.Errorf("%+v", next.Data())
	}
	next.Begin()
	apply(t, next, Change{Disable: []string{"x"}})
	if d := next.Data(); !d.Cron["backup"].Equal(backup) || !d.Disabled["x"] {
		t.Errorf("%+v", d)
	}
	f.Thaw()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestFreezeWhileWriting waits for a file system that does not answer until the deadline only, and then goes on.
func TestFreezeWhileWriting(t *testing.T) {
	f := New()
	f.writing, f.stopped = true, make(chan struct{}) // as while a file system does not answer
	if err := f.Freeze(time.Now().Add(time.Millisecond)); err == nil || !strings.HasPrefix(err.Error(), "busy: ") || f.frozen {
		t.Errorf("%v", err)
	}
	f.writing = false
	apply(t, f, Change{Disable: []string{"web"}})
}

// TestNoForeignFile reads and replaces only what belongs to this user: a link is set aside, and what it leads to stays.
func TestNoForeignFile(t *testing.T) {
	dir := t.TempDir()
	secret, path := dir+"/secret", dir+"/state"
	if err := os.WriteFile(secret, []byte(`{"version":1,"disabled":["web"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, path); err != nil {
		t.Fatal(err)
	}
	f, warnings := open(t, path)
	if len(f.Data().Disabled) != 0 || !strings.Contains(*warnings, "it is a symbolic link") {
		t.Errorf("%+v %s", f.Data(), *warnings)
	}
	if err := os.Symlink(secret, path); err != nil {
		t.Fatal(err)
	}
	apply(t, f, Change{Disable: []string{"other"}})
	if text, err := os.ReadFile(secret); err != nil || !strings.Contains(string(text), "web") {
		t.Errorf("%s, %v", text, err)
	}
	pipe := dir + "/pipe"
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	f.path = pipe
	if err := <-f.Apply(Change{Disable: []string{"third"}}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
}

// FuzzDecode reads anything; what can be read is written, and read as the same.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"", "{}", `{"version":1}`, `{"version":2,"x":null,"disabled":["a","a"],"scaled":{"w":{"to":1}},"cron":{"b":"2026-11-22T03:00:00Z"}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := decode(text)
		if err != nil {
			return
		}
		again, err := decode(d.encode())
		if err != nil || !again.equal(d) || len(again.other) != len(d.other) {
			t.Errorf("%s: %s, %v", text, d.encode(), err)
		}
	})
}
