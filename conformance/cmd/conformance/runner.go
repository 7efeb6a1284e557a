package main

import (
	"fmt"
	"io"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gosupervisor/supervisor/conformance"
)

// runner runs scripts as package testing does, in a program that is not a test.
type runner struct {
	suite   *conformance.Suite
	slots   chan struct{} // its capacity limits the scripts that run at once
	verbose bool
	running sync.WaitGroup

	mu      sync.Mutex
	scripts []conformance.Script
	results map[string]*outcome // by the script's name
	done    func(*outcome)
}

// outcome is the result of a script.
type outcome struct {
	script          conformance.Script
	failed, skipped bool
	log             string
	took            time.Duration
}

func newRunner(suite *conformance.Suite, parallel int, verbose bool) *runner {
	if parallel < 1 {
		parallel = suite.Parallelism()
	}
	return &runner{suite: suite, slots: make(chan struct{}, parallel), verbose: verbose, results: map[string]*outcome{}}
}

// run runs the scripts and reports each when it ends. A script that was not run has failed.
func (r *runner) run(scripts []conformance.Script, progress io.Writer) {
	r.scripts = scripts
	r.done = func(o *outcome) {
		word := "ok"
		switch {
		case o.failed:
			word = "FAIL"
		case o.skipped:
			word = "skip"
		}
		fmt.Fprintf(progress, "%-4s  %s (%.1fs)\n", word, o.script.Name, o.took.Seconds())
		if o.failed || r.verbose || o.skipped {
			fmt.Fprint(progress, indent(o.log, "      "))
		}
	}
	areas := map[string][]string{}
	for _, s := range scripts {
		area := path.Dir(s.Name)
		areas[area] = append(areas[area], filepath.Join(r.suite.Dir, "scripts", filepath.FromSlash(s.Name)+".txtar"))
	}
	for area, files := range areas {
		r.running.Go(func() {
			t := &trial{runner: r, name: area}
			t.do(func(t testscript.T) { r.suite.Run(t.(*trial), area, files) })
		})
	}
	r.running.Wait()
	for _, s := range scripts {
		if r.results[s.Name] == nil {
			r.results[s.Name] = &outcome{script: s, failed: true, log: "it was not run\n"}
			r.done(r.results[s.Name])
		}
	}
}

// each calls f with the outcomes in the order of the scripts.
func (r *runner) each(f func(*outcome)) {
	for _, s := range r.scripts {
		f(r.results[s.Name])
	}
}

func (r *runner) count() (passed, failed, skipped int) {
	r.each(func(o *outcome) {
		switch {
		case o.failed:
			failed++
		case o.skipped:
			skipped++
		default:
			passed++
		}
	})
	return passed, failed, skipped
}

// ended records the outcome of a script.
func (r *runner) ended(t *trial, took time.Duration) {
	i := slices.IndexFunc(r.scripts, func(s conformance.Script) bool { return s.Name == t.name })
	if i < 0 {
		return // an area
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o := &outcome{script: r.scripts[i], failed: t.failed, skipped: t.skipped, log: t.log.String(), took: took}
	r.results[t.name] = o
	r.done(o)
}

// trial is the run of a script, or of an area of them. It implements conformance.T.
type trial struct {
	runner   *runner
	name     string
	parallel chan struct{} // closed by Parallel; nil for an area
	began    time.Time

	mu              sync.Mutex
	log             strings.Builder
	failed, skipped bool
	cleanups        []func()
}

// do runs f in a goroutine, since f may end it, then the cleanups.
func (t *trial) do(f func(testscript.T)) {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		defer func() {
			if problem := recover(); problem != nil {
				t.failed = true
				t.Log(problem)
			}
		}()
		f(t)
	}()
	<-finished
	for _, cleanup := range slices.Backward(t.cleanups) {
		t.clean(cleanup)
	}
}

// clean runs a cleanup, which may fail and then ends its goroutine.
func (t *trial) clean(cleanup func()) {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		cleanup()
	}()
	<-finished
}

// Run runs f. It returns when f has ended or calls Parallel.
func (t *trial) Run(name string, f func(testscript.T)) {
	sub := &trial{runner: t.runner, name: t.name + "/" + name, parallel: make(chan struct{}), began: time.Now()}
	finished := make(chan struct{})
	t.runner.running.Go(func() {
		defer close(finished)
		sub.do(f)
		select {
		case <-sub.parallel:
			<-t.runner.slots
		default:
		}
		t.runner.ended(sub, time.Since(sub.began))
	})
	select {
	case <-finished:
	case <-sub.parallel:
	}
}

// Parallel lets Run return and waits until fewer scripts run.
func (t *trial) Parallel() {
	t.runner.slots <- struct{}{}
	close(t.parallel)
	t.began = time.Now()
}

// Cleanup registers a function to be called when the trial has ended.
func (t *trial) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

// Failed reports whether the trial has failed.
func (t *trial) Failed() bool { return t.failed }

// Verbose reports whether the log of every trial is shown.
func (t *trial) Verbose() bool { return t.runner.verbose }

// Log adds to the log of the trial, which is shown if it fails.
func (t *trial) Log(args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(&t.log, args...)
}

// Skip ends the trial as skipped.
func (t *trial) Skip(args ...any) {
	t.Log(args...)
	t.skipped = true
	runtime.Goexit()
}

// Fatal ends the trial as a failure.
func (t *trial) Fatal(args ...any) {
	t.Log(args...)
	t.FailNow()
}

// FailNow ends the trial as a failure.
func (t *trial) FailNow() {
	t.failed = true
	runtime.Goexit()
}

// indent puts margin before each line.
func indent(text, margin string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(margin + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}
