package logs

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
)

// TestTeeSparesOthers has a further destination fill the queue of a target that nothing reads, and shows that a log that leads to the same
// target still loses nothing, and that what was queued is given back to the budget.
func TestTeeSparesOthers(t *testing.T) {
	ownRegistry(t)
	path, reader := fifo(t)
	log, tee := open(t, path, FileOptions{}), open(t, path, FileOptions{Tee: true})
	before, sent, kept := budget.Tees.Held(), 0, 0
	chunk := []byte(strings.Repeat("x", 1<<16-1) + "\n")
	var condition error
	for condition == nil && sent < 100<<20 {
		var n int
		n, condition = tee.Write(chunk)
		sent, kept = sent+len(chunk), kept+n
	}
	if !errors.Is(condition, ErrBehind) || kept < limit-len(chunk) {
		t.Fatalf("%d of %d bytes were kept: %v", kept, sent, condition)
	}
	if held := budget.Tees.Held() - before; held > limit || held < limit-2*int64(len(chunk)) {
		t.Errorf("%d bytes are held", held)
	}
	if n, condition := log.Write([]byte("line\n")); n != 5 || condition != nil {
		t.Errorf("the log lost its line: %d, %v", n, condition)
	}
	if n, _ := tee.Write(chunk); n != 0 {
		t.Errorf("%d bytes were kept beyond the limit", n)
	}
	text := make([]byte, kept+5)
	if _, err := io.ReadFull(reader, text); err != nil || !strings.HasSuffix(string(text), "x\nline\n") {
		t.Fatal("the line is not there", err)
	}
	if !Flush(20 * time.Second) {
		t.Fatal("something is left")
	}
	if held := budget.Tees.Held(); held != before {
		t.Errorf("%d bytes are held after the end", held-before)
	}
	if n, _ := tee.Write([]byte("more\n")); n != 5 {
		t.Error("nothing is written after the target takes more")
	}
}

// TestTeeBudget shows that further destinations hold no more than their budget together.
func TestTeeBudget(t *testing.T) {
	ownRegistry(t)
	path, _ := fifo(t)
	tee := open(t, path, FileOptions{Tee: true})
	chunk := make([]byte, 1<<16)
	for range 2 { // the first one is in the pipe
		if n, condition := tee.Write(chunk); n != len(chunk) {
			t.Fatal(n, condition)
		}
	}
	most := budget.Tees.Limit - budget.Tees.Held()
	if !budget.Tees.Take(most) {
		t.Fatal("the budget is in use")
	}
	n, condition := tee.Write(chunk)
	budget.Tees.Release(most)
	if n != 0 || !errors.Is(condition, ErrBehind) {
		t.Errorf("%d bytes were kept beyond the budget: %v", n, condition)
	}
	if n, _ := tee.Write(chunk); n != len(chunk) {
		t.Error("nothing is kept after the budget has room")
	}
}

// TestTeeReports shows the lines about a destination that cannot be opened at first, and about one that is closed while it cannot.
func TestTeeReports(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	main := NewMain(&log, api.Info)
	tee := NewTee(filepath.Join(dir, "sub", "tee.log"), "p", main)
	tee.Write([]byte("before it is open"))
	tee.Open(FileOptions{})
	tee.Open(FileOptions{})
	tee.Write([]byte("12345"))
	tee.Open(FileOptions{MakeDirs: true})
	tee.Write([]byte("1234567"))
	tee.Close()
	tee.Write([]byte("after it was closed"))
	tee.Close()
	what := "log file " + tee.Path() + " (tee) of process 'p'"
	want := "could not write " + what + ": no such file or directory, its output is lost until this is fixed\n" +
		what + " is written again, 5 bytes were lost\n"
	var got strings.Builder
	for line := range strings.Lines(log.String()) {
		_, text, _ := strings.Cut(line, " WARN ")
		got.WriteString(text)
	}
	if d := cmp.Diff(want, got.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"tee.log": "1234567"}, contents(t, filepath.Join(dir, "sub"))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
