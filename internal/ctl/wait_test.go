package ctl

import (
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/api"
)

// TestMeets checks the conditions that are no states.
func TestMeets(t *testing.T) {
	for _, c := range []struct {
		state api.State
		more  *api.ProcessMore
		want  string
	}{
		{api.Running, nil, "READY HEALTHY"},
		{api.Starting, nil, ""},
		{api.Exited, &api.ProcessMore{Ready: new(true)}, ""},
		{api.Running, &api.ProcessMore{Reason: "x"}, "READY HEALTHY"},
		{api.Running, &api.ProcessMore{Ready: new(true)}, "READY HEALTHY"},
		{api.Running, &api.ProcessMore{Ready: new(false)}, ""},
		{api.Running, &api.ProcessMore{Ready: new(true), Health: "unknown"}, "READY"},
		{api.Running, &api.ProcessMore{Health: "unhealthy"}, "READY"},
		{api.Running, &api.ProcessMore{Health: "healthy"}, "READY HEALTHY"},
		{api.Starting, &api.ProcessMore{Health: "healthy"}, ""},
	} {
		var met []string
		for _, word := range []string{ready, healthy} {
			if meets(&api.ProcessInfo{State: c.state, StateName: c.state.String(), More: c.more}, word) {
				met = append(met, word)
			}
		}
		if got := strings.Join(met, " "); got != c.want {
			t.Errorf("%v %+v: %q, want %q", c.state, c.more, got, c.want)
		}
	}
}
