package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/conformance"
)

// results runs a script that passes, one that fails and one that is skipped.
func results(t *testing.T) (*runner, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/good": "# Good.\nexec true\n",
		"a/bad":  "# Bad.\nexec echo 'seen <&>'\nexec false\n",
		"b/not":  "# Not here.\nskip 'needs a moon'\n",
	} {
		path := filepath.Join(dir, "scripts", name+".txtar")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	suite := &conformance.Suite{Name: "ours", Supervisord: "/p/supervisord", Supervisorctl: "/p/supervisorctl",
		Child: "/p/child", Dir: dir}
	r := start(t, suite)
	var progress bytes.Buffer
	r.run([]conformance.Script{
		{Name: "a/bad", Behavior: "Bad.", Covers: []string{"3.0b1-05a"}}, {Name: "a/good", Behavior: "Good # 1."},
		{Name: "b/not", Behavior: "Not here."},
	}, &progress)
	return r, progress.String()
}

func start(t *testing.T, suite *conformance.Suite) *runner {
	t.Helper()
	r, err := newRunner(suite, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRun(t *testing.T) {
	r, progress := results(t)
	if passed, failed, skipped := r.count(); passed != 1 || failed != 1 || skipped != 1 {
		t.Errorf("%d passed, %d failed, %d skipped\n%s", passed, failed, skipped, progress)
	}
	for _, want := range []string{"ok    a/good (", "FAIL  a/bad (", "> exec false", "skip  b/not (", "needs a moon",
		"1 failed]\n", "      should be: Bad.\n      row 3.0b1-05a: ", "rows: 1 of 1 fail\n      3.0b1-05a (1 of 1 scripts): "} {
		if !strings.Contains(progress, want) {
			t.Errorf("no %q in\n%s", want, progress)
		}
	}
}

func TestFormats(t *testing.T) {
	r, _ := results(t)
	var tap, junit, markdown bytes.Buffer
	for w, write := range map[*bytes.Buffer]func() error{
		&tap: func() error { return writeTAP(&tap, r) }, &junit: func() error { return writeJUnit(&junit, r) },
		&markdown: func() error { return writeMarkdown(&markdown, r) },
	} {
		if err := write(); err != nil {
			t.Fatal(err, w)
		}
	}
	for _, want := range []string{"TAP version 13\n1..3\n", "not ok 1 - a/bad: Bad.\n# covers 3.0b1-05a\n", "# > exec false\n",
		"\nok 2 - a/good: Good \\# 1.\n", "\nok 3 - b/not: Not here. # SKIP "} {
		if !strings.Contains(tap.String(), want) {
			t.Errorf("no %q in\n%s", want, &tap)
		}
	}
	var suite junitSuite
	if err := xml.Unmarshal(junit.Bytes(), &suite); err != nil {
		t.Fatal(err, junit.String())
	}
	if suite.Tests != 3 || suite.Failures != 1 || suite.Skipped != 1 || suite.Cases[0].Failure == nil ||
		!strings.Contains(suite.Cases[0].Failure.Text, "seen <&>") {
		t.Errorf("%+v", suite)
	}
	for _, want := range []string{"3 scripts: 1 passed, 1 failed, 1 skipped.", "| 3.0b1-05a |", "| a/bad | fail |",
		"| b/not | Not here. | skip |"} {
		if !strings.Contains(markdown.String(), want) {
			t.Errorf("no %q in\n%s", want, &markdown)
		}
	}
}

// TestMissing checks that a script that cannot be read has failed.
func TestMissing(t *testing.T) {
	dir := t.TempDir()
	r := start(t, &conformance.Suite{Name: "ours", Dir: dir})
	var progress bytes.Buffer
	r.run([]conformance.Script{{Name: "a/gone", Behavior: "Gone."}}, &progress)
	if _, failed, _ := r.count(); failed != 1 {
		t.Errorf("%s", &progress)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-nope"}, {"x"}, {"-run", "("}, {"-expect", "theirs"}, {"-run", "nothing/like/this"},
		{"-supervisord", "/nonexistent/supervisord"}} {
		var out, err bytes.Buffer
		if status := run(args, &out, &err); status != 2 || err.Len() == 0 {
			t.Errorf("%v: status %d, %q", args, status, &err)
		}
	}
	var out, err bytes.Buffer
	if status := run([]string{"-list", "-id", "3.0b1-05a"}, &out, &err); status != 0 || !strings.Contains(out.String(), "stop/stopasgroup ") {
		t.Errorf("-list: %d, %s%s", status, &out, &err)
	}
}

// TestBroken runs scripts on a supervisord that never opens its socket, with timeouts of 0.6 seconds.
func TestBroken(t *testing.T) {
	t.Setenv("CONFORMANCE_SCALE", "0.02")
	dir := t.TempDir()
	for _, name := range []string{"supervisord", "supervisorctl"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\nexec sleep 1000\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var out, err bytes.Buffer
	args := []string{"-supervisord", filepath.Join(dir, "supervisord"), "-expect", "ours", "-run", "^stop/(stop-|stopasgroup$)", "-parallel", "1"}
	if status := run(args, &out, &err); status != 1 {
		t.Fatalf("status %d, %s%s", status, &out, &err)
	}
	for _, want := range []string{"ms only, since several waits of daemon were in vain", "\n      row 3.0b1-05a: ", "\n0 passed, "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

// TestNoVersion checks the hint about a program that does not know -v.
func TestNoVersion(t *testing.T) {
	var out, err bytes.Buffer
	if status := run([]string{"-supervisord", "/bin/false", "-supervisorctl", "/bin/false"}, &out, &err); status != 2 ||
		!strings.Contains(err.String(), "choose what is expected of another program with -expect reference or -expect ours") {
		t.Errorf("status %d, %s", status, &err)
	}
}
