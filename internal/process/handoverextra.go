package process

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/schedule"
	"github.com/gosupervisor/supervisor/internal/sdnotify"
)

// ExtraState is the state of what a process has beyond others.
type ExtraState struct {
	Cause    api.Reason                  `json:"cause,omitzero"`
	Reason   api.Reason                  `json:"reason,omitzero"`
	Restarts int                         `json:"restarts,omitempty"`
	NoChild  bool                        `json:"no_child,omitempty"`
	Asked    bool                        `json:"asked,omitempty"`
	Gate     GateState                   `json:"gate,omitzero"`
	Hooks    map[string]*helper.RunState `json:"hooks,omitempty"` // by the name of the key
	Steps    map[string]int32            `json:"steps,omitempty"` // of these
	Held     bool                        `json:"held,omitempty"`  // a start waits for hooks
	Reloaded ReloadResult                `json:"reloaded,omitzero"`
	Checks   *check.MonitorState         `json:"checks,omitempty"`
	Health   string                      `json:"health,omitempty"` // as it was published last
	Overall  string                      `json:"overall,omitempty"`
	Since    int64                       `json:"since,omitempty"` // when Overall changed, in seconds since 1970
	Notify   *NotifyState                `json:"notify,omitempty"`
	Cgroup   *CgroupState                `json:"cgroup,omitempty"`
	Files    *FilesState                 `json:"files,omitempty"`
	Sockets  int                         `json:"sockets,omitempty"` // how many are in use
	Timing   *TimingState                `json:"timing,omitempty"`
	MaxAge   handover.Time               `json:"maxage,omitzero"` // when it is over
	Memory   *MemoryState                `json:"memory,omitempty"`
	Recycled map[api.Why]uint32          `json:"recycled,omitempty"`
}

// TimingState is what a process has of its schedules.
type TimingState struct {
	Start   *schedule.State `json:"start,omitempty"`
	Restart *schedule.State `json:"restart,omitempty"`
	Queued  bool            `json:"queued,omitempty"`
}

// MemoryState is what is known of the memory of a process.
type MemoryState struct {
	Over   bool `json:"over,omitempty"`
	Warned bool `json:"warned,omitempty"`
}

// GateState is a Gate as data.
type GateState struct {
	Held      bool          `json:"held,omitempty"`
	Shut      bool          `json:"shut,omitempty"`
	WaitsFor  string        `json:"waits_for,omitempty"`
	NextStart handover.Time `json:"next_start,omitzero"`
	Stops     bool          `json:"stops,omitempty"`
	Again     bool          `json:"again,omitempty"`
	Kept      bool          `json:"kept,omitempty"`
}

// NotifyState is what the process knows from the notifications of its child.
type NotifyState struct {
	Deadline  handover.Time         `json:"deadline,omitzero"`
	Since     handover.Time         `json:"since,omitzero"`
	Interval  time.Duration         `json:"interval,omitempty"` // in nanoseconds
	Child     bool                  `json:"child,omitempty"`    // there is one that can send
	Alive     handover.Time         `json:"alive,omitzero"`     // the last WATCHDOG=1
	Socket    *sdnotify.SocketState `json:"socket,omitempty"`
	Receives  *pump.PipeState       `json:"receives,omitempty"` // the socket
	Pipe      *pump.PipeState       `json:"pipe,omitempty"`     // for readiness
	Adopted   bool                  `json:"adopted,omitempty"`
	Launcher  int                   `json:"launcher,omitempty"`
	Ready     bool                  `json:"ready,omitempty"`
	Expired   bool                  `json:"expired,omitempty"`
	Reloading bool                  `json:"reloading,omitempty"`
	Reload    *ReloadState          `json:"reload,omitempty"`
	Status    string                `json:"status,omitempty"`
	Health    string                `json:"health,omitempty"`
}

// ReloadState is a request to reload that waits for the child.
type ReloadState struct {
	Deadline handover.Time `json:"deadline,omitzero"`
	Began    bool          `json:"began,omitempty"`
}

func (g *Gate) export() GateState {
	return GateState{g.Held, g.Shut, g.WaitsFor, handover.Time{Time: g.NextStart}, g.Stops, g.Again, g.Kept}
}

func (s *GateState) gate() Gate {
	return Gate{s.Held, s.Shut, s.WaitsFor, s.NextStart.Time, s.Stops, s.Again, s.Kept}
}

func (p *Process) exportExtra(w *handover.Writer, now time.Time) *ExtraState {
	x, gate, ends := p.extra, p.Gate(), p.extra.reasons()
	s := &ExtraState{Cause: ends.cause, Reason: ends.reason, Restarts: int(p.past.counts.Restarts), NoChild: x.noChild, Asked: x.asked, Held: x.hooks.held,
		Gate: gate.export(), Reloaded: x.hooks.reload(), Checks: x.checks.Export(w, now), Health: x.health.Key(),
		Overall: x.overall.Key(), Since: x.since, Notify: x.notify.export(w), Cgroup: x.cgroup.export(), Files: x.files.export(), Recycled: x.recycled}
	if x.listening != nil {
		s.Sockets = x.listening.held
	}
	if t := x.timing; t != nil {
		s.Timing = &TimingState{t.start.Export(), t.restart.Export(), t.queued}
	}
	if x.aging != nil {
		s.MaxAge = handover.Time{Time: x.aging.at}
	}
	if m := x.memory; m != nil && (m.over || m.warned) {
		s.Memory = &MemoryState{m.over, m.warned}
	}
	for h := range hookCount {
		if from := x.hooks.last(h).Export(w); from != nil {
			if s.Hooks == nil {
				s.Hooks, s.Steps = map[string]*helper.RunState{}, map[string]int32{}
			}
			s.Hooks[hookKeys[h].name], s.Steps[hookKeys[h].name] = from, x.hooks.runs.steps[h]
		}
	}
	return s
}

func (p *Process) importExtra(r *handover.Reader, s *ExtraState) {
	if p.extra == nil { // it has a gate only
		p.extra = &extra{}
	}
	x := p.extra
	x.setReasons(ends{s.Cause, s.Reason})
	x.noChild, x.recycled = s.NoChild, s.Recycled
	x.setGate(s.Gate.gate())
	x.asked = s.Asked
	x.hooks.setReloaded(s.Reloaded)
	x.hooks.held, x.health = s.Held, check.KeyedHealth(s.Health)
	x.overall, x.since = check.KeyedHealth(s.Overall), s.Since
	for h := range hookCount {
		if from := s.Hooks[hookKeys[h].name]; from != nil { // the program may not have the hook any more
			x.hooks.setLast(h, p.ImportHelper(r, from, p.hookSpec(h)))
			x.hooks.runs.steps[h] = s.Steps[hookKeys[h].name]
		}
	}
	if s.Sockets > 0 {
		x.listening = &listening{held: s.Sockets}
	}
	x.checks.Import(s.Checks, func(k check.Kind, from *helper.RunState, done func(helper.Result, time.Time)) *helper.Run {
		keys := p.checkKeys(k)
		return p.ImportHelper(r, from, checkSpec(k, keys.Script.Command, keys.Timeout, done))
	})
	p.importFiles(s.Files)
	if s.Notify != nil && x.notify != nil {
		x.notify.restore(r, s.Notify)
	}
	if x.cgroup == nil && s.Cgroup != nil && p.shared.Cgroups != nil { // of a program that has no key about it any more
		x.cgroup = makeCgrouped(p)
	}
	x.cgroup.restore(s.Cgroup)
	if s.Timing != nil && x.timing != nil {
		x.timing.start.Import(s.Timing.Start)
		x.timing.restart.Import(s.Timing.Restart)
		x.timing.queued = s.Timing.Queued
	}
	if x.aging != nil {
		x.aging.at = s.MaxAge.Time
	}
	if s.Memory != nil && x.memory != nil {
		x.memory.over, x.memory.warned = s.Memory.Over, s.Memory.Warned
	}
}

func (p *Process) beginExtra() {
	x := p.extra
	for h := range hookCount {
		if run := x.hooks.last(h); run != nil {
			run.Begin()
		}
	}
	x.checks.Begin()
	x.cgroup.begin(time.Now())
	if n := x.notify; n != nil {
		n.begin()
	}
	p.watchBounds(time.Now())
	if x.aging != nil {
		p.shared.Schedule(x.aging)
	}
	p.watchLogs()
}

// ImportHelper makes a helper of its state and of what it was started with.
func (p *Process) ImportHelper(r *handover.Reader, s *helper.RunState, spec helper.Spec) *helper.Run {
	program := helper.Program{Name: p.Name(), Own: func(pid int, run *helper.Run) { p.shared.Own(pid, run, p) }}
	channels := [...]*channel{&p.out, &p.err}
	outputs := newHelperOutputs(p, spec)
	outputs.setPID(s.PID)
	sink := func(stream int, chain output.ChainState) pump.Sink {
		c := channels[stream]
		return outputs.add(c, func(s output.Stages) output.Stage { return s.Import(chain) })
	}
	used := 2
	if p.Config.RedirectErr {
		used = 1
	}
	done := func() {
		outputs.flush()
		for _, c := range channels[:used] {
			c.closeFile()
		}
	}
	return helper.Import(&p.shared.Helpers, r, s, program, spec, sink, done)
}

// Export returns the state of the chain.
func (s *helperSink) Export() output.ChainState { return output.Export(s.chain) }

// purposes of the descriptors of a notify.
func (n *notify) purposes() (socket, pipe string) {
	name := n.process.fullName()
	return "notify socket of " + name, "readiness pipe of " + name
}

func (n *notify) export(w *handover.Writer) *NotifyState {
	if n == nil {
		return nil
	}
	s := &NotifyState{Child: n.queue != nil, Socket: n.socket.Export(), Adopted: n.adopted, Launcher: n.launcher, Ready: n.ready,
		Expired: n.expired, Reloading: n.reloading, Status: n.status, Health: n.health.Key()}
	if w := n.watch; w != nil {
		s.Deadline, s.Since, s.Interval = handover.Time{Time: w.at}, handover.Time{Time: w.since}, w.interval
	}
	if n.reload != nil {
		s.Reload = &ReloadState{handover.Time{Time: n.reload.at}, n.reload.began}
	}
	if n.queue == nil {
		return s
	}
	s.Alive = handover.Time{Time: n.queue.Alive()}
	socket, pipe := n.purposes()
	s.Receives, s.Pipe = n.receives.Export(w, socket), n.pipe.Export(w, pipe)
	return s
}

// restore gives a notify that has just been made the state of another one.
func (n *notify) restore(r *handover.Reader, s *NotifyState) {
	p := n.process
	if !s.Deadline.IsZero() || s.Interval != 0 {
		n.watch = &watch{notify: n, at: s.Deadline.Time, since: s.Since.Time, interval: s.Interval}
	}
	n.adopted, n.launcher, n.ready, n.expired, n.reloading = s.Adopted, s.Launcher, s.Ready, s.Expired, s.Reloading
	n.status, n.health = s.Status, check.KeyedHealth(s.Health)
	if s.Reload != nil {
		n.reload = &reload{notify: n, at: s.Reload.Deadline.Time, began: s.Reload.Began}
	}
	if !s.Child {
		return
	}
	n.queue = sdnotify.NewQueue(func() { p.shared.Notified(p) })
	n.queue.SetAlive(s.Alive.Time)
	socket, pipe := n.purposes()
	if s.Socket != nil {
		uid := -1
		if p.user != nil {
			uid = p.user.UID
		}
		n.socket = sdnotify.ImportSocket(s.Socket, uid, n.queue)
		n.receives = p.shared.Pump.ImportReceiver(r, s.Receives, socket, n.socket)
	}
	n.pipe = p.shared.Pump.ImportReceiver(r, s.Pipe, pipe, sdnotify.Pipe{Queue: n.queue})
}

func (n *notify) begin() {
	shared := n.process.shared
	if n.watch != nil {
		shared.Schedule(n.watch)
	}
	if n.reload != nil {
		shared.Schedule(n.reload)
	}
}

// Launcher is the child that the process has been started with, if another one took its place and it still lives, else 0.
func (p *Process) Launcher() int {
	if n := p.notify(); n != nil {
		return n.launcher
	}
	return 0
}

// Unhandled reports whether the child has sent something that has not been handled.
func (p *Process) Unhandled() bool {
	n := p.notify()
	return n != nil && n.queue != nil && n.queue.Pending()
}
