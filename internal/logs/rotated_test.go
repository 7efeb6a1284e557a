package logs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/gosupervisor/supervisor/internal/rotation"
)

// names returns the names in a directory.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// content returns what a log file has, decompressed.
func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r io.Reader = bytes.NewReader(data)
	switch filepath.Ext(path) {
	case ".gz":
		r, err = gzip.NewReader(r)
	case ".zst":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func appendText(t *testing.T, f *File, text string) {
	t.Helper()
	if n, condition := f.Write([]byte(text)); n != len(text) || condition != nil {
		t.Errorf("wrote %d bytes of %q: %v", n, text, condition)
	}
}

// Rotated files are compressed, shifted in all their forms, and complete, in order.
func TestCompressed(t *testing.T) {
	for form, c := range map[string]rotation.Compression{".gz": rotation.Gzip, ".zst": rotation.Zstd} {
		dir := t.TempDir()
		f := open(t, filepath.Join(dir, "l"), FileOptions{MaxBytes: 100, Backups: 3, Rotation: &rotation.Policy{Compress: c}})
		var all strings.Builder
		for i := range 200 {
			line := fmt.Sprintf("line %d\n", i)
			all.WriteString(line)
			appendText(t, f, line)
			if i%20 == 0 {
				<-Kept()
			}
		}
		<-Kept()
		want := []string{"l", "l.1" + form, "l.2" + form, "l.3" + form}
		if diff := cmp.Diff(want, names(t, dir)); diff != "" {
			t.Fatalf("%s: (-want +got)\n%s", form, diff)
		}
		got := ""
		for _, name := range []string{want[3], want[2], want[1], want[0]} {
			got += content(t, filepath.Join(dir, name))
		}
		if !strings.HasSuffix(all.String(), got) || len(got) < 300 {
			t.Errorf("%s: the files have %q", form, got)
		}
	}
}

// Files from before another setting are one row with the new ones. What is plain is compressed, with owner, mode and time.
func TestMixedRow(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "l")
	write(t, path+".1", "one")
	write(t, path+".2.gz", "two")
	write(t, path+".3.zst", "three")
	write(t, path+".4.bz2", "another's")
	write(t, path+".old", "another's")
	old := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	if err := os.Chtimes(path+".1", old, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path+".1", 0o640); err != nil {
		t.Fatal(err)
	}
	write(t, path, "zero")
	f := open(t, path, FileOptions{Backups: 10, Rotation: &rotation.Policy{Compress: rotation.Zstd}})
	if rotated, err := f.Rotate(); !rotated || err != nil {
		t.Fatal(rotated, err)
	}
	<-Kept()
	want := []string{"l", "l.1.zst", "l.2.zst", "l.3.gz", "l.4.bz2", "l.4.zst", "l.old"}
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	info, err := os.Stat(path + ".2.zst")
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, path+".2.zst"); got != "one" || info.Mode() != 0o640 || !info.ModTime().Equal(old) {
		t.Errorf("%q, %v, %v", got, info.Mode(), info.ModTime())
	}
}

// The last file of the row is removed in any form. Two forms of one number are a copy and its source, or two files.
func TestEndOfRow(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "l")
	f := open(t, path, FileOptions{Backups: 2, Rotation: &rotation.Policy{Compress: rotation.Gzip}})
	rotate := func(text string, want ...string) {
		t.Helper()
		appendText(t, f, text)
		if _, err := f.Rotate(); err != nil {
			t.Fatal(err)
		}
		<-Kept()
		if diff := cmp.Diff(append([]string{"l"}, want...), names(t, dir)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	}
	rotate("a", "l.1.gz")
	rotate("b", "l.1.gz", "l.2.gz")
	write(t, path+".2", "plain")
	write(t, path+".2.zst", "zstd")
	rotate("c", "l.1.gz", "l.2.gz")
	if got := content(t, path+".2.gz") + content(t, path+".1.gz"); got != "bc" {
		t.Errorf("the files have %q", got)
	}
	// A compression that was cut off after the rename leaves both.
	write(t, path+".1", "c")
	info, err := os.Stat(path + ".1.gz")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path+".1", info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".1.gz", []byte("cut off"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path+".1.gz", info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	write(t, path+".7.gz.part", "rest") // of this program: it is not touched
	before := began.Add(-time.Hour)
	write(t, path+".1.gz.part", "rest")
	if err := os.Chtimes(path+".1.gz.part", before, before); err != nil {
		t.Fatal(err)
	}
	rotate("d", "l.1.gz", "l.2.gz", "l.7.gz.part")
	if got := content(t, path+".2.gz") + content(t, path+".1.gz"); got != "cd" {
		t.Errorf("the files have %q", got)
	}
}

// A file that is being compressed while the row moves on gets the number that it has then; one that is gone is nothing.
func TestCompressedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "l")
	write(t, path+".1", "one")
	r, err := openRow(Source{Path: path}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	from, err := os.Open(path + ".1")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	source, err := r.dir.Lstat("l.1")
	if err != nil {
		t.Fatal(err)
	}
	write(t, path+".1.gz.part", "compressed")
	part, err := r.dir.Lstat("l.1.gz.part")
	if err != nil {
		t.Fatal(err)
	}
	r.shift(5)
	write(t, path+".1", "zero")
	n := rotation.Name{Number: 1}
	if err := r.replace(from, &source, n, "l.1.gz.part", &part, rotation.Gzip); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"l.1", "l.2.gz"}, names(t, dir)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	write(t, path+".1.gz.part", "compressed")
	if err := r.replace(from, &source, n, "l.1.gz.part", &part, rotation.Gzip); err == nil {
		t.Error("a file that is gone was replaced")
	}
	for _, change := range []func(){
		func() { write(t, path+".1", "zero and more") },                    // it grows
		func() { os.Remove(path + ".1.gz.part"); write(t, path+".x", "") }, // the part is another's
		func() { write(t, path+".1.gz", "another's") },
	} {
		write(t, path+".1", "zero")
		write(t, path+".1.gz.part", "compressed")
		source, _ := r.dir.Lstat("l.1")
		from, _ := os.Open(path + ".1")
		part, _ := r.dir.Lstat("l.1.gz.part")
		change()
		if err := r.replace(from, &source, n, "l.1.gz.part", &part, rotation.Gzip); err == nil {
			t.Error("it was replaced after a change")
		}
		from.Close()
		if _, err := os.Stat(path + ".1"); err != nil {
			t.Error(err)
		}
	}
}

// Rotated files get dates; more of a period get numbers, which ascend also if others are gone.
func TestDated(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "l")
	f := open(t, path, FileOptions{Backups: 2, Rotation: &rotation.Policy{Dated: true}})
	at := time.Date(2026, 11, 27, 14, 0, 0, 0, time.Local)
	rotate := func(text string, want ...string) {
		t.Helper()
		appendText(t, f, text)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Rotate(); err != nil {
			t.Fatal(err)
		}
		<-Kept()
		if diff := cmp.Diff(append([]string{"l"}, want...), names(t, dir)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	}
	rotate("a", "l.2026-11-27")
	rotate("b", "l.2026-11-27", "l.2026-11-27.1")
	rotate("c", "l.2026-11-27.1", "l.2026-11-27.2")
	at = at.Add(24 * time.Hour)
	rotate("d", "l.2026-11-27.2", "l.2026-11-28")
	f.Configure(FileOptions{Backups: 2, Rotation: &rotation.Policy{Dated: true, Compress: rotation.Gzip, Every: rotation.Every{Step: time.Hour}}})
	<-Kept()
	rotate("e", "l.2026-11-28.gz", "l.2026-11-28T14.gz")
}

// What is too old, or more than fits, is removed; other files stay. The file itself is rotated at half of the whole at the latest.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "l")
	old := time.Now().Add(-48 * time.Hour)
	for _, name := range []string{".1", ".7.gz", ".txt", ".old", ".2026-11-27", ".20261127"} {
		write(t, path+name, "old")
		if err := os.Chtimes(path+name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	f := open(t, path, FileOptions{Backups: 10, Rotation: &rotation.Policy{MaxAge: 24 * time.Hour}})
	<-Kept()
	if diff := cmp.Diff([]string{"l", "l.2026-11-27", "l.20261127", "l.old", "l.txt"}, names(t, dir)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	f.Configure(FileOptions{MaxBytes: 1000, Backups: 10, Rotation: &rotation.Policy{MaxTotal: 100}})
	for range 30 {
		appendText(t, f, "0123456789")
		<-Kept()
	}
	var sizes []int64
	for _, name := range []string{"l", "l.1"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	if !slices.Equal(sizes, []int64{0, 50}) || slices.Contains(names(t, dir), "l.2") {
		t.Errorf("the files have %v bytes: %q", sizes, names(t, dir))
	}
}

// A period that has passed is noticed at the opening, by a write and by Tick. An empty file is not rotated; a clock that is set back rotates
// nothing.
func TestTurns(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "l")
	o := FileOptions{Backups: 5, Rotation: &rotation.Policy{Every: rotation.Every{Step: time.Minute}}}
	write(t, path, "old")
	past := time.Now().Add(-2 * time.Minute)
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
	f := open(t, path, o)
	if got := content(t, path+".1"); got != "old" {
		t.Errorf("after the opening, .1 has %q", got)
	}
	due := f.Due()
	if left := time.Until(due); left <= 0 || left > time.Minute {
		t.Errorf("due in %v", left)
	}
	if err := f.Tick(due); err != nil || slices.Contains(names(t, dir), "l.2") {
		t.Errorf("an empty file was rotated: %v", err)
	}
	if next := f.Due(); !next.After(due) {
		t.Errorf("due at %v, then at %v", due, next)
	}
	appendText(t, f, "new")
	next := f.Due()
	if err := f.Tick(next.Add(-time.Second)); err != nil || slices.Contains(names(t, dir), "l.2") {
		t.Errorf("before its time: %v", err)
	}
	if err := f.Tick(next); err != nil || content(t, path+".1") != "new" || content(t, path+".2") != "old" {
		t.Errorf("%v: %q", err, names(t, dir))
	}
	appendText(t, f, "more")
	if err := f.Tick(next.Add(24 * time.Hour)); err != nil || content(t, path+".1") != "more" { // the clock is set forward
		t.Errorf("%v: %q", err, names(t, dir))
	}
	appendText(t, f, "back") // and set back
	if slices.Contains(names(t, dir), "l.4") || content(t, path) != "back" {
		t.Errorf("rotated by a clock that was set back: %q", names(t, dir))
	}
	if left := time.Until(f.Due()); left <= 0 || left > time.Minute {
		t.Errorf("after the clock was set back, due in %v", left)
	}
	f.keys.due = time.Now().Add(-time.Second).Round(0)
	appendText(t, f, "first of the next")
	if content(t, path) != "first of the next" || content(t, path+".1") != "back" {
		t.Errorf("a write did not rotate: %q", names(t, dir))
	}
}

// What waits when the keeper is frozen goes on in the next program.
func TestFrozenKeeper(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "l")
	if err := Freeze(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	f := open(t, path, FileOptions{Backups: 5, Rotation: &rotation.Policy{Compress: rotation.Gzip}})
	appendText(t, f, "text")
	if _, err := f.Rotate(); err != nil {
		t.Fatal(err)
	}
	waiting := rotated.export()
	if len(waiting) != 1 || waiting[0].Path != path {
		t.Errorf("waiting: %+v", waiting)
	}
	rotated.restore(nil)
	rotated.restore(waiting)
	idle := Kept()
	select {
	case <-idle:
		t.Error("nothing waits")
	default:
	}
	Thaw()
	<-idle
	if diff := cmp.Diff([]string{"l", "l.1.gz"}, names(t, dir)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A failure is reported once until a compression succeeds; the file stays, and nothing incomplete.
func TestNotCompressed(t *testing.T) {
	var log bytes.Buffer
	k := &keeper{report: NewMain(&log, 0)}
	for range 2 {
		k.failed("/l", "/l.1", os.ErrInvalid)
	}
	k.succeeded("/l")
	k.failed("/l", "/l.1", os.ErrInvalid)
	if n := strings.Count(log.String(), "WARN could not compress /l.1: invalid argument, it stays as it is\n"); n != 2 {
		t.Errorf("reported %d times:\n%s", n, &log)
	}
}

// Logs that are rotated daily have one deadline, at midnight, and nothing else that could wake.
// covers: LOG-49
func TestDailySleeps(t *testing.T) {
	dir := t.TempDir()
	var files []*File
	for i := range 500 {
		files = append(files, open(t, filepath.Join(dir, fmt.Sprint(i)), FileOptions{Backups: 3,
			Rotation: &rotation.Policy{Every: rotation.Every{Step: 24 * time.Hour}, Compress: rotation.Gzip}}))
	}
	<-Kept()
	now := time.Now()
	midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, time.Local)
	if at := Soonest(now, files...); at.Before(midnight) {
		t.Errorf("at %v something wakes at %v", now, at)
	}
	rotated.mu.Lock()
	defer rotated.mu.Unlock()
	if rotated.busy || rotated.waiting != nil {
		t.Error("the keeper is not idle")
	}
}
