package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// eachPeer runs a test with a turn of each peer that is installed.
func eachPeer(t *testing.T, scenario string, test func(*testing.T, *turn)) {
	if err := adoptOrphans(); err != nil {
		t.Fatal(err)
	}
	for _, p := range peers {
		t.Run(string(p.who), func(t *testing.T) {
			set := settings{only: regexp.MustCompile(""), quick: true, repeat: 1, logBytes: 16 << 20, peers: []who{p.who}}
			var progress bytes.Buffer
			b, err := newBench(t.Context(), set, t.TempDir(), &progress)
			if err != nil {
				t.Fatal(err)
			}
			c := b.contenders[len(b.contenders)-1]
			if c.peer == nil {
				t.Skip(progress.String())
			}
			test(t, &turn{bench: b, contender: c, scenario: scenario})
		})
	}
}

// startPeer starts services and waits until all loggers run.
func startPeer(t *testing.T, turn *turn, services int) *daemon {
	t.Helper()
	d, err := turn.launch(t.Context(), load{programs: services})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.awaitRunning(t.Context()); err != nil {
		t.Fatal(errors.Join(err, d.close()))
	}
	return d
}

// nothingLeft checks that no child of the test remains, in any process group or session.
func nothingLeft(t *testing.T) {
	t.Helper()
	if left, err := descendants(os.Getpid()); len(left) > 0 || err != nil {
		t.Errorf("processes %v are left, %v", left, err)
	}
}

func TestPeerStops(t *testing.T) {
	eachPeer(t, "thousand", func(t *testing.T, turn *turn) {
		d := startPeer(t, turn, 3)
		own, err := d.processes()
		if want := map[who]int{runit: 1 + 2*3, s6: 1 + 3*3}[turn.who]; len(own) != want || err != nil {
			t.Errorf("%d processes of its own, want %d, %v", len(own), want, err)
		}
		memory, err := total(own, memoryOfProcess)
		if one, _ := memoryOfProcess(d.pid); memory <= one || err != nil {
			t.Errorf("memory %d, of the daemon alone %d, %v", memory, one, err)
		}
		if err := turn.stop(t.Context(), d, "stop/1000"); err != nil {
			t.Error(err)
		}
		if took := turn.results["stop/1000"][turn.who]; len(took) != 1 || took[0] <= 0 {
			t.Errorf("samples %v", took)
		}
		nothingLeft(t)
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
}

// A peer that is closed while it runs, as at an error or at Ctrl-C, leaves neither processes nor files.
func TestClosedPeerLeavesNothing(t *testing.T) {
	eachPeer(t, "one", func(t *testing.T, turn *turn) {
		d := startPeer(t, turn, 3)
		if err := d.close(); err != nil {
			t.Fatal(err)
		}
		nothingLeft(t)
		for _, dir := range []string{d.dir, d.folder} {
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("directory %s is still there: %v", dir, err)
			}
		}
	})
}

func TestInterruptedPeerLeavesNothing(t *testing.T) {
	eachPeer(t, "one", func(t *testing.T, turn *turn) {
		ctx, interrupt := context.WithCancel(t.Context())
		interrupt()
		if _, err := turn.launch(ctx, load{programs: 3}); !errors.Is(err, context.Canceled) {
			t.Errorf("launch: %v", err)
		}
		nothingLeft(t)
	})
}

func TestPeerLogs(t *testing.T) {
	eachPeer(t, "log", func(t *testing.T, turn *turn) {
		if err := plainLog(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		if lost := turn.results["log/lost"][turn.who]; len(lost) != 1 || lost[0] != 0 {
			t.Errorf("lost %v", lost)
		}
		if used := turn.results["log/cpu"][turn.who]; len(used) != 1 || used[0] <= 0 {
			t.Errorf("processor time %v", used)
		}
	})
}

// TestPeerRestarts kills a child that is older than a second: its replacement does not wait.
func TestPeerRestarts(t *testing.T) {
	eachPeer(t, "restart", func(t *testing.T, turn *turn) {
		d, err := turn.launch(t.Context(), load{programs: 1, extra: []string{"startsecs=0"}})
		if err != nil {
			t.Fatal(err)
		}
		defer d.close()
		if err := wait(t.Context(), d.alive[0].at+restartAge-now()); err != nil {
			t.Fatal(err)
		}
		killed := now()
		if err := syscall.Kill(d.alive[0].pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		replacement, err := d.await(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if took := replacement[0].at - killed; took > restartAge/2 {
			t.Errorf("the replacement took %v", took)
		}
	})
}

// Of the files of a logger, only logs count.
func TestFilesSize(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{"p-0.log": 1, "p-0.log.1": 10, "p-0/current": 100, "p-0/@4000.s": 1000, "p-0/config": 5, "p-0/state": 7} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if sum, err := filesSize(dir); sum != 1111 || err != nil {
		t.Errorf("%d bytes, %v", sum, err)
	}
}

func TestMissingPeerIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, names := range [][]who{{runit, s6}, {s6}, nil} {
		var progress strings.Builder
		if all := installedPeers(names, &progress); len(all) != 0 {
			t.Errorf("contenders %+v", all)
		}
		for _, p := range peers {
			named := strings.Contains(progress.String(), string(p.who)+" is skipped: ")
			if want := slices.Contains(names, p.who); named != want {
				t.Errorf("-peers %v: %s is named: %t, want %t\n%s", names, p.who, named, want, &progress)
			}
		}
	}
}

func TestParsePeers(t *testing.T) {
	for list, want := range map[string][]who{"runit,s6": {runit, s6}, "s6": {s6}, "none": nil} {
		got, err := parsePeers(list)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", strconv.Quote(list), err, diff)
		}
	}
}
