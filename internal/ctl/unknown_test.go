package ctl

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUnknownNames checks which names a terminal shows in place of those that no process has, and that scripts do not see them.
// differs: DIFF-251 which names there are
func TestUnknownNames(t *testing.T) {
	const group, process = "w is a group: w:* names its processes\n", "0 is in a group: w:0 is its name\n"
	for line, want := range map[string]string{
		"restart w":            "w: ERROR (no such process)\nw: ERROR (no such process)\n" + group,
		"stop 0 w":             "0: ERROR (no such process)\nw: ERROR (no such process)\n" + process + group,
		"status w":             "w: ERROR (no such process)\n" + group,
		"status --json nope w": "[]\n",
		"pid w":                "No such process w\n" + group,
		"tail 0":               "0: ERROR (no such process name)\n" + process,
		"fg w":                 "ERROR: bad process name supplied\n" + group,
		"start nope":           "nope: ERROR (no such process)\n",
	} {
		for _, terminal := range []bool{true, false} {
			f := startFake(t, map[string]answer{"getAllProcessInfo": infos([4]any{"0", "w", "RUNNING", 20}, [4]any{"1", "w", "RUNNING", 20})})
			f.byName = func(string, string) answer { return fault(10, "BAD_NAME") }
			var out, stderr bytes.Buffer
			New(Options{ServerURL: f.URL, OutTerminal: terminal, In: strings.NewReader(""), Out: &out, Err: &stderr}).Run([]string{line})
			if !terminal {
				want = strings.NewReplacer(group, "", process, "").Replace(want)
			}
			if diff := cmp.Diff(want, out.String()); diff != "" || stderr.Len() > 0 && !strings.Contains(line, "--json") {
				t.Errorf("%q, terminal %t: %s, -want +got\n%s", line, terminal, stderr.String(), diff)
			}
		}
	}
}
