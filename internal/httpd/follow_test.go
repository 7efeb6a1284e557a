package httpd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/gosupervisor/supervisor/internal/logs"
)

// disconnected is the response to a client that has disconnected: writing or flushing fails.
type disconnected struct{ write, flush error }

func (disconnected) Header() http.Header                 { return nil }
func (disconnected) WriteHeader(int)                     {}
func (d disconnected) Write(p []byte) (n int, err error) { return len(p), d.write }
func (d disconnected) FlushError() error                 { return d.flush }

// TestStreamErrors checks that a stream ends if the log cannot be read or the client has disconnected.
func TestStreamErrors(t *testing.T) {
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
	for name, file := range map[string]*os.File{"write-only": open(os.O_WRONLY), "closed": closed} {
		for how, advance := range map[string]func(*stream){"sendNew": (*stream).sendNew, "advance": (*stream).advance} {
			s := &stream{w: httptest.NewRecorder(), log: logs.Source{Path: path}, file: file}
			if advance(s); s.err == nil || s.sent != 0 {
				t.Errorf("%s, %s: %v after %d bytes", name, how, s.err, s.sent)
			}
		}
	}
	for name, w := range map[string]http.ResponseWriter{"writing fails": disconnected{write: io.ErrClosedPipe}, "flushing fails": disconnected{flush: io.ErrClosedPipe}} {
		s := &stream{w: w, log: logs.Source{Path: path}, file: open(os.O_RDONLY)}
		if s.sendNew(); s.err != io.ErrClosedPipe {
			t.Errorf("%s: %v", name, s.err)
		}
	}
	s := &stream{w: httptest.NewRecorder(), log: logs.Source{Path: path}, file: open(os.O_RDONLY)}
	if s.sendNew(); s.err != nil || s.sent != 4 || s.offset != 4 {
		t.Errorf("no error expected: %v after %d bytes", s.err, s.sent)
	}
}
