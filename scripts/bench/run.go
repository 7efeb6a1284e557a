package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bench is one run of everything.
type bench struct {
	settings   settings
	fixtures   fixtures
	contenders []contender
	base       string // directory that holds those of the turns
	turns      int    // taken so far
	machine    machine
	results    results
	progress   io.Writer
}

// machine says where the figures come from.
type machine struct {
	CPUs   int    `json:"cpus"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Child  string `json:"child"`
	Repeat int    `json:"repeat"`
}

// results are the samples by figure and contender, one a turn.
type results map[string]map[who][]float64

// turnLimit ends a turn in which something hangs.
const turnLimit = 10 * time.Minute

// scenarios are what a contender does in one turn, each with a daemon of its own. Their order is that of measuring.
var scenarios = []struct {
	name string
	run  func(context.Context, *turn) error
}{
	{"one", oneProgram},
	{"thousand", thousandPrograms},
	{"growth", growth},
	{"restart", restarts},
	{"busy", busy},
	{"rude", rude},
	{"log", plainLog},
	{"rotated", rotatedLog},
	{"writers", hundredWriters},
	{"sizes", sizes},
	{"limit", untilTheLimit},
	{"lines", lineEvents},
	{"states", stateEvents},
	{"ticks", tickEvents},
}

// turn is one contender's go at one scenario.
type turn struct {
	*bench
	contender
	scenario string
}

func newBench(ctx context.Context, set settings, base string, progress io.Writer) (*bench, error) {
	built, err := buildFixtures(ctx, base)
	if err != nil {
		return nil, err
	}
	all, err := contenders(set, built.floor)
	if err != nil {
		return nil, err
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil, err
	}
	return &bench{
		settings:   set,
		fixtures:   built,
		contenders: all,
		base:       base,
		machine: machine{
			CPUs:   runtime.NumCPU(),
			Kernel: strings.TrimSpace(string(release)),
			Go:     runtime.Version(),
			Child:  built.kind,
			Repeat: set.repeat,
		},
		results:  results{},
		progress: progress,
	}, nil
}

// measure runs every scenario that has a wanted figure, the contenders by turns. A turn that fails costs its own
// figures only; the error names all that failed.
func (b *bench) measure(ctx context.Context) error {
	failed := 0
	for _, s := range scenarios {
		for round := range b.settings.repeat {
			for _, c := range b.contenders {
				t := &turn{bench: b, contender: c, scenario: s.name}
				if !t.wantsAny() {
					continue
				}
				fmt.Fprintf(b.progress, "%s %d/%d %s\n", s.name, round+1, b.settings.repeat, c.who)
				if err := b.take(ctx, t, s.run); err != nil {
					fmt.Fprintf(b.progress, "%s, %s: %v\n", s.name, c.who, err)
					failed++
				}
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d turns failed", failed)
	}
	return nil
}

func (b *bench) take(ctx context.Context, t *turn, run func(context.Context, *turn) error) error {
	ctx, cancel := context.WithTimeout(ctx, turnLimit)
	defer cancel()
	return run(ctx, t)
}

// newDir makes a directory for one daemon.
func (b *bench) newDir() (string, error) {
	b.turns++
	dir := filepath.Join(b.base, strconv.Itoa(b.turns))
	return dir, os.Mkdir(dir, 0o700)
}

// wants says whether this turn is to measure any of the named figures.
func (t *turn) wants(names ...string) bool {
	return slices.ContainsFunc(figures, func(f figure) bool {
		return slices.Contains(names, f.name) && t.wantsFigure(f)
	})
}

// wantsAny says whether this turn is to measure anything.
func (t *turn) wantsAny() bool {
	return slices.ContainsFunc(figures, t.wantsFigure)
}

func (t *turn) wantsFigure(f figure) bool {
	return f.where == t.scenario &&
		(f.floor || t.who != floor) &&
		(t.settings.large || !f.large) &&
		t.settings.only.MatchString(f.name)
}

// add keeps a sample of a figure, unless it is not wanted.
func (t *turn) add(name string, value float64) {
	if !t.wants(name) {
		return
	}
	if t.results[name] == nil {
		t.results[name] = map[who][]float64{}
	}
	t.results[name][t.who] = append(t.results[name][t.who], value)
}

// or is long, or short with -quick.
func or[T any](quick bool, short, long T) T {
	if quick {
		return short
	}
	return long
}

// milliseconds is how times are reported.
func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }
