package ctl

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

// TestLogSources checks the prefixes: names padded to one width, and six colors in turn.
func TestLogSources(t *testing.T) {
	infos := []api.ProcessInfo{{Group: "a", Name: "a", StdoutLogfile: "/1", StderrLogfile: "/2"}, {Group: "none", Name: "none"},
		{Group: "g", Name: "é", StderrLogfile: "/3"}}
	want := []source{{"a", api.Stdout, "a    | "}, {"a", api.Stderr, "a    ! "}, {"g:é", api.Stderr, "g:é  ! "}}
	if d := cmp.Diff(want, logSources(infos, false), cmp.AllowUnexported(source{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	infos, want = nil, nil
	for i, color := range []int{32, 33, 34, 35, 36, 31, 32} {
		name := fmt.Sprint(i)
		infos = append(infos, api.ProcessInfo{Group: name, Name: name, StdoutLogfile: "/x"})
		want = append(want, source{name, api.Stdout, fmt.Sprintf("\x1b[%dm%s | \x1b[0m", color, name)})
	}
	if d := cmp.Diff(want, logSources(infos, true), cmp.AllowUnexported(source{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
