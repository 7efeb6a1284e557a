package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTry runs a script that fails in its first run, and one that always fails, as ours and as the original.
func TestTry(t *testing.T) {
	for _, test := range []struct {
		implementation, command string
		scripts                 int // how many scripts of this kind are run
		runs                    int // how often the last is run
		failed                  bool
	}{
		{"ours", "false", 1, 1, true},
		{"ours", "test $(wc -l <$RUNS) = 2", 1, 1, true},
		{"reference", "test $(wc -l <$RUNS) = 2", 1, 2, false},
		{"reference", "false", 1, maxRuns, true},
		{"reference", "false", maxRepeated, maxRuns, true},
		{"reference", "false", maxRepeated + 1, 1, true},
	} {
		dir := t.TempDir()
		runs := filepath.Join(dir, "runs")
		text := "# Runs now and then.\nenv RUNS=" + runs + "\nexec sh -c 'echo run >>$RUNS; " + test.command + "'\n"
		file := filepath.Join(dir, "script.txtar")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s := &Suite{Name: test.implementation, Dir: dir}
		var o Outcome
		for range test.scripts {
			if err := os.WriteFile(runs, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			o = s.Try(file, false)
		}
		seen, err := os.ReadFile(runs)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(seen), "\n"); n != test.runs || o.Failed != test.failed || (len(o.Wavered) > 0) != (n > 1 && !o.Failed) {
			t.Errorf("%+v: %d runs, %+v", test, n, o)
		}
	}
}

// TestDoesNotEnd runs a script whose program does not end.
func TestDoesNotEnd(t *testing.T) {
	t.Setenv("CONFORMANCE_SCALE", "0.01")
	dir := t.TempDir()
	file := filepath.Join(dir, "script.txtar")
	if err := os.WriteFile(file, []byte("# Does not end.\nexec sleep 1000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &Suite{Name: "ours", Dir: dir}
	if o := s.Try(file, false); !o.Failed || !strings.Contains(o.Log, "did not end in 1.8s") {
		t.Errorf("%+v", o)
	}
}
