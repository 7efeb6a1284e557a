package httpd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// gone is a client that has gone, as writing or flushing tells.
type gone struct{ write, flush error }

func (gone) Header() http.Header                 { return nil }
func (gone) WriteHeader(int)                     {}
func (g gone) Write(p []byte) (n int, err error) { return len(p), g.write }
func (g gone) FlushError() error                 { return g.flush }

// TestUnreadable ends the stream of a log that cannot be read any more, and of a client that has gone.
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
	for name, w := range map[string]http.ResponseWriter{"writing fails": gone{write: io.ErrClosedPipe}, "flushing fails": gone{flush: io.ErrClosedPipe}} {
		s := &stream{w: w, path: path, file: open(os.O_RDONLY)}
		if s.more(); s.err != io.ErrClosedPipe {
			t.Errorf("%s: %v", name, s.err)
		}
	}
	s := &stream{w: httptest.NewRecorder(), path: path, file: open(os.O_RDONLY)}
	if s.more(); s.err != nil || s.sent != 4 || s.offset != 4 {
		t.Errorf("a good one: %v after %d bytes", s.err, s.sent)
	}
}
