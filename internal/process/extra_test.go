package process

import (
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// TestRulesOfEqualKeys checks that programs share rules only if the rules are the same: stopwaitsecs is part of a stop plan.
func TestRulesOfEqualKeys(t *testing.T) {
	keys := &config.Extra{Policy: &config.Policy{}, Hooks: &config.Hooks{}, Notify: &config.Notify{},
		StopPlan: &config.StopPlan{Sequence: config.StopSequence{Signals: []config.StopSignal{{Signal: syscall.SIGINT, Wait: -1}}}}}
	program := func(wait int) *config.Process {
		return &config.Process{Extra: keys, Program: &config.Program{Stop: config.Stop{WaitSecs: wait}}}
	}
	s := &Shared{}
	a, b, same := s.moreRules(program(1)), s.moreRules(program(2)), s.moreRules(program(2))
	if a.Stop[0].Wait != time.Second || b.Stop[0].Wait != 2*time.Second {
		t.Errorf("waits %v, %v", a.Stop[0].Wait, b.Stop[0].Wait)
	}
	if b != same {
		t.Error("equal rules are two values")
	}
}
