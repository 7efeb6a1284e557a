package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// baselineTurn is a turn of the baseline, which takes the place of a daemon in these tests.
func baselineTurn(t *testing.T, scenario string) *turn {
	t.Helper()
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("no C compiler")
	}
	if err := adoptOrphans(); err != nil {
		t.Fatal(err)
	}
	set := settings{only: regexp.MustCompile(""), quick: true, repeat: 1, logBytes: 3<<20 + 5}
	b, err := newBench(t.Context(), set, t.TempDir(), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	return &turn{bench: b, contender: b.contenders[0], scenario: scenario}
}

func TestBaselineStops(t *testing.T) {
	turn := baselineTurn(t, "thousand")
	d, err := turn.launch(t.Context(), load{programs: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	for _, child := range d.alive {
		if !alive(child.pid) || child.at <= d.started {
			t.Errorf("report %+v; the daemon was started at %v", child, d.started)
		}
	}
	if err := turn.stop(t.Context(), d, "stop/1000"); err != nil {
		t.Fatal(err)
	}
	if took := turn.results["stop/1000"][baseline]; len(took) != 1 || took[0] <= 0 {
		t.Errorf("samples %v", took)
	}
}

// A daemon that is closed while it runs leaves neither children nor files.
func TestCloseLeavesNothing(t *testing.T) {
	turn := baselineTurn(t, "one")
	turn.fixtures.child = []string{os.Args[0], childArgument} // and the child written in Go reports as well
	d, err := turn.launch(t.Context(), load{programs: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	for _, child := range d.alive {
		if alive(child.pid) {
			t.Errorf("child %d is alive", child.pid)
		}
	}
	if _, err := os.Stat(d.dir); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestDaemonThatFails(t *testing.T) {
	turn := baselineTurn(t, "one")
	turn.contender = contender{who: ours, daemon: "/bin/sh"} // which does not know -n FILE
	_, err := turn.launch(t.Context(), load{programs: 1})
	if err == nil || !strings.Contains(err.Error(), errDaemonExited.Error()) {
		t.Errorf("launch: %v", err)
	}
}

func TestChildFillsLog(t *testing.T) {
	for _, kind := range []string{"C", "Go"} {
		t.Run(kind, func(t *testing.T) {
			turn := baselineTurn(t, "log")
			if kind == "Go" {
				turn.fixtures.child = []string{os.Args[0], childArgument}
			}
			if err := plainLog(t.Context(), turn); err != nil {
				t.Fatal(err)
			}
			if lost := turn.results["log/lost"][baseline]; len(lost) != 1 || lost[0] != 0 {
				t.Errorf("lost %v", lost)
			}
		})
	}
}
