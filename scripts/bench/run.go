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

// bench is a run of the program.
type bench struct {
	settings   settings
	fixtures   fixtures
	contenders []contender
	base       string // parent of the directories of the turns
	turns      int    // so far
	machine    machine
	results    results
	progress   io.Writer
}

// machine describes where the measurements were made.
type machine struct {
	CPUs   int    `json:"cpus"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Child  string `json:"child"`
	Repeat int    `json:"repeat"`
}

// results are the samples by figure and contender, one per turn.
type results map[string]map[who][]float64

// turnLimit bounds a turn, in case something hangs.
const turnLimit = 10 * time.Minute

// scenarios are run in this order, each with a daemon of its own.
var scenarios = []struct {
	name string
	run  func(context.Context, *turn) error
}{
	{"one", oneProgram},
	{"thousand", thousandPrograms},
	{"growth", growth},
	{"scrape", scrapeThousand},
	{"restart", restarts("restart")},
	{"hook", restarts("restart/hook", "pre_start_hook=/bin/true")},
	{"shim", restarts("restart/shim", "nice=0")},
	{"sections", startSections("start/sections", nothing)},
	{"depends", startSections("start/depends", onEarlier)},
	{"checks", checks},
	{"features", memoryOfFeatures("features", false)},
	{"featuresections", memoryOfFeatures("features/sections", true)},
	{"hung", hung},
	{"busy", busy},
	{"abusive", abusive},
	{"log", plainLog},
	{"rotated", rotatedLog},
	{"compressed", compressedLog},
	{"textlog", formattedLog("text")},
	{"jsonlog", formattedLog("json")},
	{"writers", bufferedWriters},
	{"writerlines", lineWriters},
	{"sizes", sizes},
	{"limit", untilTheLimit},
	{"lines", lineEvents},
	{"states", stateEvents},
	{"ticks", tickEvents},
	{"upgrade", upgrades},
	{"update", updates},
}

// turn is a run of a scenario with a contender.
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
	all, err := contenders(set, built.baseline)
	if err != nil {
		return nil, err
	}
	all = append(all, installedPeers(set.peers, progress)...)
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

// measure runs every scenario with a selected figure, the contenders by turns. A turn that fails has no result; the error says how
// many failed.
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

// newDir creates a directory for a daemon.
func (b *bench) newDir() (string, error) {
	b.turns++
	dir := filepath.Join(b.base, strconv.Itoa(b.turns))
	return dir, os.Mkdir(dir, 0o700)
}

// wants reports whether this turn measures any of the named figures.
func (t *turn) wants(names ...string) bool {
	return slices.ContainsFunc(figures, func(f figure) bool {
		return slices.Contains(names, f.name) && t.wantsFigure(f)
	})
}

// wantsAny reports whether this turn measures any figure.
func (t *turn) wantsAny() bool {
	return slices.ContainsFunc(figures, t.wantsFigure)
}

func (t *turn) wantsFigure(f figure) bool {
	return f.where == t.scenario &&
		f.measures(t.who) &&
		(t.settings.large || !f.large) &&
		t.settings.only.MatchString(f.name)
}

// add records a sample of a figure, if it is selected.
func (t *turn) add(name string, value float64) {
	if !t.wants(name) {
		return
	}
	if t.results[name] == nil {
		t.results[name] = map[who][]float64{}
	}
	t.results[name][t.who] = append(t.results[name][t.who], value)
}

// or returns long, or short with -quick.
func or[T any](quick bool, short, long T) T {
	if quick {
		return short
	}
	return long
}

// milliseconds returns a duration in the unit of the table.
func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }
