package httpd

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// TestUnreadable ends the stream of a log that cannot be read any more.
func TestUnreadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(flag int) *os.File {
		f, err := os.OpenFile(path, flag, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	closed := open(os.O_RDONLY)
	closed.Close()
	for name, file := range map[string]*os.File{"no right to read": open(os.O_WRONLY), "closed": closed} {
		for how, advance := range map[string]func(*stream){"more": (*stream).more, "advance": (*stream).advance} {
			s := &stream{w: httptest.NewRecorder(), path: path, file: file}
			if advance(s); s.err == nil || s.sent != 0 {
				t.Errorf("%s, %s: %v after %d bytes", name, how, s.err, s.sent)
			}
		}
	}
	s := &stream{w: httptest.NewRecorder(), path: path, file: open(os.O_RDONLY)}
	if s.more(); s.err != nil || s.sent != 4 || s.offset != 4 {
		t.Errorf("a good one: %v after %d bytes", s.err, s.sent)
	}
}
