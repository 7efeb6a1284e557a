package scrape

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// TestChanged looks at the files once in ten seconds, and at once for another reading.
func TestChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sd.conf")
	if err := os.WriteFile(path, []byte("[supervisord]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	opts, err := config.ParseArgs("/usr/bin/supervisord", []string{"-c", path})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	var f files
	now := time.Now()
	expect := func(s *config.Sources, after time.Duration, want int64) {
		t.Helper()
		if got := f.changed(s, now.Add(after)); got != want {
			t.Errorf("after %s: %d", after, got)
		}
	}
	expect(&cfg.Sources, 0, 0)
	if err := os.WriteFile(path, []byte("[supervisord]\n;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(&cfg.Sources, lookInterval-1, 0)
	expect(&cfg.Sources, lookInterval, 1)
	expect(&cfg.Sources, lookInterval+1, 1)
	again, err := config.Load(opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Sources.At = cfg.Sources.At + 1
	expect(&again.Sources, lookInterval+2, 0)
}
