package process

import (
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// CgroupState is what a process knows of its cgroup, as data. The cgroup itself stays.
type CgroupState struct {
	Looked bool          `json:"looked,omitempty"`
	Warned bool          `json:"warned,omitempty"`
	Used   bool          `json:"used,omitempty"`
	OOMs   int           `json:"ooms,omitempty"`
	OOM    bool          `json:"oom,omitempty"`
	Exit   *ExitState    `json:"exit,omitempty"`
	Stops  bool          `json:"stops,omitempty"`
	Step   int           `json:"step,omitempty"`
	Wake   handover.Time `json:"wake,omitzero"`
}

// ExitState is a child.Exit as data.
type ExitState struct {
	PID    int    `json:"pid"`
	Status uint32 `json:"status"` // as wait4 returned it
	Reason string `json:"reason,omitempty"`
}

func (c *cgrouped) export() *CgroupState {
	if c == nil {
		return nil
	}
	s := &CgroupState{Looked: c.looked, Warned: c.warned, Used: c.used, OOMs: c.ooms, OOM: c.oom, Stops: c.stops, Step: c.step,
		Wake: handover.Time{Time: c.wake}}
	if c.exit != nil {
		s.Exit = &ExitState{c.exit.PID, uint32(c.exit.Status), c.exit.Reason}
	}
	return s
}

func (c *cgrouped) restore(s *CgroupState) {
	if c == nil || s == nil {
		return
	}
	c.looked, c.warned, c.used, c.ooms, c.oom = s.Looked, s.Warned, s.Used, s.OOMs, s.OOM
	c.stops, c.step, c.wake = s.Stops, s.Step, s.Wake.Time
	if c.used {
		c.written = c.limits
	}
	if s.Exit != nil {
		c.exit = &child.Exit{PID: s.Exit.PID, Status: syscall.WaitStatus(s.Exit.Status), Reason: s.Exit.Reason}
	}
}

// begin goes on with what the program before has waited for.
func (c *cgrouped) begin(now time.Time) {
	if c == nil {
		return
	}
	c.process.shared.Schedule(c)
	if c.process.childKeeps() {
		c.process.limit(now) // the program before may not have ended a change
	}
	if c.exit != nil || c.stops || !c.used && c.group.Exists() {
		c.await(now)
	}
}
