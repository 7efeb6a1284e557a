// Command mutants makes small changes to supervisord and supervisorctl, one at a time, and reports which of them no unit test and no
// script detects. `make mutants` runs it, from the top of the tree, as root on Linux: code that is wrong on purpose runs in a
// sandbox.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == insideArgument {
		os.Exit(inside(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := mutate(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func mutate(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	n := flags.Int("n", 210, "number of mutants, the same of each area")
	seedList := flags.String("seed", "1", "the seed that selects them; several, separated by commas, are separate runs")
	only := flags.String("area", "", "only these areas, separated by commas")
	trust := flags.Bool("trust", false, "do not run all tests without a change first")
	jobs := flags.Int("j", 2, "number of mutants tested at once")
	at := flags.String("at", "", "instead of n by the seed, all whose line in the output matches this regular expression")
	if err := flags.Parse(args); err != nil {
		return err
	}
	where, err := regexp.Compile(*at)
	if err != nil {
		return err
	}
	var seeds []uint64
	for text := range strings.SplitSeq(*seedList, ",") {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return err
		}
		seeds = append(seeds, seed)
	}
	chosen := areas
	if *only != "" {
		chosen = nil
		for _, a := range areas {
			if slices.Contains(strings.Split(*only, ","), a.name) {
				chosen = append(chosen, a)
			}
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no area %q", *only)
	}
	dir, err := publicDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	child := filepath.Join(dir, "child")
	if err := run(ctx, processLimit, nil, "go", "build", "-o", child, "./fixtures/child/cmd"); err != nil {
		return err
	}
	original, err := buildAll(ctx, "", filepath.Join(dir, "bin"), child)
	if err != nil {
		return err
	}
	if !*trust {
		fmt.Fprintln(os.Stderr, "first all tests without a change")
		if err := baseline(ctx, chosen, original); err != nil {
			return fmt.Errorf("tests fail without a change: %w", err)
		}
	}
	for _, seed := range seeds {
		tally := newTally(chosen)
		for _, a := range chosen {
			all, err := a.mutants(seed)
			if err != nil {
				return err
			}
			few := *n / len(chosen)
			if *at != "" {
				all = slices.DeleteFunc(all, func(m *mutant) bool { return !where.MatchString(m.String()) })
				few = len(all)
			}
			if err := tally.area(ctx, all, few, *jobs, child, original); err != nil {
				return err
			}
		}
		tally.print(out, seed)
	}
	return nil
}

// tally counts the results.
type tally struct {
	areas []*area
	mu    sync.Mutex
	count map[*area]map[result]int
	left  []*mutant // survivors
	late  int       // killed because tests reached a limit of time
}

func newTally(areas []*area) *tally {
	t := &tally{areas: areas, count: map[*area]map[result]int{}}
	for _, a := range areas {
		t.count[a] = map[result]int{}
	}
	return t
}

// mutants returns all mutants of an area, in an order that depends on the seed.
func (a *area) mutants(seed uint64) ([]*mutant, error) {
	var all []*mutant
	for _, dir := range a.packages {
		found, err := find(a, dir)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	random := rand.New(rand.NewPCG(seed, uint64(len(a.name))))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all, nil
}

// area tests the mutants of an area in their order, until n have been built.
func (t *tally) area(ctx context.Context, all []*mutant, n, jobs int, child string, original []string) error {
	next := make(chan *mutant)
	done := make(chan struct{}) // closed when there are n
	var workers sync.WaitGroup
	var failure error
	for range jobs {
		workers.Go(func() {
			for m := range next {
				f, err := try(ctx, m, child, original)
				t.mu.Lock()
				if err != nil {
					failure = err
				} else {
					t.add(m, f, n, done)
				}
				t.mu.Unlock()
			}
		})
	}
	for _, m := range all {
		select {
		case next <- m:
			continue
		case <-done:
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return failure
}

// add counts a mutant, unless n have been counted. The caller holds the lock.
func (t *tally) add(m *mutant, f result, n int, done chan struct{}) {
	count := t.count[m.area]
	tried := count[killedByUnits] + count[killedByScripts] + count[survived]
	if f == notBuilt {
		count[f]++
		return
	}
	if tried >= n {
		return
	}
	count[f]++
	if f == survived {
		t.left = append(t.left, m)
	}
	what := []string{"", "killed by unit test ", "killed by script ", "SURVIVED"}[f]
	if f != survived {
		what += cmp.Or(m.killer, "(a crash)")
		if m.late {
			t.late++
			what += ", a limit of time"
		}
	}
	fmt.Fprintf(os.Stderr, "%s %d/%d: %s: %s\n", m.area.name, tried+1, n, what, m)
	if tried+1 == n {
		close(done)
	}
}

// print writes a table of the areas and the survivors, as Markdown.
func (t *tally) print(out io.Writer, seed uint64) {
	fmt.Fprintf(out, "| area | mutants | killed by unit tests | killed by scripts | survived |\n|---|---|---|---|---|\n")
	var sum [4]int
	for _, a := range t.areas {
		c := t.count[a]
		units, scripts, left := c[killedByUnits], c[killedByScripts], c[survived]
		fmt.Fprintf(out, "| %s | %d | %d | %d | %d |\n", a.name, units+scripts+left, units, scripts, left)
		sum[0], sum[1], sum[2], sum[3] = sum[0]+units+scripts+left, sum[1]+units, sum[2]+scripts, sum[3]+left
	}
	fmt.Fprintf(out, "| all | %d | %d | %d | %d |\n\nSeed %d", sum[0], sum[1], sum[2], sum[3], seed)
	if rev, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		fmt.Fprintf(out, ", revision %s", strings.TrimSpace(string(rev)))
	}
	fmt.Fprintf(out, ". Killed: %.1f of 100, %d of them by a limit of time.\n", 100*float64(sum[1]+sum[2])/float64(max(1, sum[0])), t.late)
	if len(t.left) > 0 {
		fmt.Fprintf(out, "\nSurvivors:\n\n")
		for _, m := range t.left {
			fmt.Fprintf(out, "- %s: %s\n", m.area.name, m)
		}
	}
}
