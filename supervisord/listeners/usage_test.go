package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the usages to testdata")

// TestUsage compares the usage of every listener, and of the program itself, with testdata.
func TestUsage(t *testing.T) {
	var all strings.Builder
	for _, args := range [][]string{{}, {"-h"}, {"memmon", "-h"}, {"httpok", "-h"}, {"crashmail", "-h"}, {"fatalmailbatch", "-h"}, {"memmon", "-?"}} {
		stdout, stderr, status := output(t, func() int {
			argv := append([]string{"supervisor-listeners"}, args...)
			if p, name, rest := choose(argv); p != nil {
				return p.run(name, rest)
			}
			return list(argv)
		})
		fmt.Fprintf(&all, "$ %s\n%s", strings.Join(append([]string{"supervisor-listeners"}, args...), " "), stdout)
		if stderr != "" {
			fmt.Fprintf(&all, "(standard error)\n%s", stderr)
		}
		fmt.Fprintf(&all, "(exit status %d)\n\n", status)
	}
	golden := filepath.Join("testdata", "usage.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), all.String()); d != "" {
		t.Errorf("go test ./supervisord/listeners -update writes it anew (-want +got):\n%s", d)
	}
}

// output returns what f writes.
func output(t *testing.T, f func() int) (stdout, stderr string, status int) {
	t.Helper()
	texts := [2]string{}
	streams := [2]**os.File{&os.Stdout, &os.Stderr}
	before := [2]*os.File{os.Stdout, os.Stderr}
	for _, stream := range streams {
		file, err := os.Create(filepath.Join(t.TempDir(), "output"))
		if err != nil {
			t.Fatal(err)
		}
		*stream = file
		defer file.Close()
	}
	status = f()
	for i, stream := range streams {
		text, err := os.ReadFile((*stream).Name())
		if err != nil {
			t.Error(err)
		}
		texts[i], *stream = string(text), before[i]
	}
	return texts[0], texts[1], status
}
