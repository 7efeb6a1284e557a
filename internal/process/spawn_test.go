package process

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/config"
)

// TestSteps shows which keys of a program become steps of its start, in the order in which they are done.
func TestSteps(t *testing.T) {
	user := &step.User{UID: 1, GID: 2}
	for _, c := range []struct {
		user      *step.User
		directory string
		umask     int
		limits    config.Limits
		want      []step.Step
	}{
		{nil, "", -1, nil, nil},
		{user, "", -1, nil, []step.Step{user}},
		{nil, "/x", -1, nil, []step.Step{step.Directory("/x")}},
		{nil, "", 0, nil, []step.Step{step.Umask(0)}},
		{user, "/x", 0o27, nil, []step.Step{user, step.Directory("/x"), step.Umask(0o27)}},
		{user, "", 0, config.Limits{step.Directory("/y")}, []step.Step{user, step.Directory("/y"), step.Umask(0)}},
	} {
		p := &Process{Config: &config.Process{Run: config.Run{Directory: c.directory, Umask: c.umask}, Limits: c.limits}, user: c.user}
		steps := p.steps(false)
		if d := cmp.Diff(c.want, steps); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
}
