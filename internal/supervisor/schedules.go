package supervisor

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/schedule"
	"github.com/gosupervisor/supervisor/internal/statefile"
	"github.com/gosupervisor/supervisor/internal/wallclock"
)

// schedules are the processes that are started or restarted by the wall clock. Loop.schedules is nil while there is none.
type schedules struct {
	loop      *Loop
	processes map[*process.Process]bool
	next      deadline  // of the earliest time, or of what is in came
	came      []arrival // in order, to be done one in each turn of the loop
	unwatch   func()    // ends the watch of the clock; nil: there is none
	look      deadline  // the next time at which the clock may have been set, if the system does not report it
}

// arrival is a time of a schedule that has come.
type arrival struct {
	process *process.Process
	restart bool          // of restart_cron
	late    time.Duration // by which it was noticed after it had come
}

// lookInterval is the time between two looks at a clock of which the system does not report that it has been set.
const lookInterval = time.Minute

// addSchedule adds the schedules of a process, if it has any. They count from the next turn of the loop on.
func (l *Loop) addSchedule(p *process.Process) {
	if start, restart := p.Timetables(); start == nil && restart == nil {
		return
	}
	if l.schedules == nil {
		s := &schedules{loop: l, processes: map[*process.Process]bool{}}
		s.next.run, s.look.run = s.tick, s.clockSet
		l.schedules = s
	}
	l.schedules.processes[p] = true
	l.schedule(&l.schedules.next, time.Now())
}

// catchUp notes that a new process is to be started if a time of its cron has passed since supervisord noted one for its program, and it
// has cron_catchup. It is called when the process is made, also by an update or a restart.
func (l *Loop) catchUp(p *process.Process, now time.Time) {
	start, _ := p.Timetables()
	if start == nil || !p.Config.Extra.Timing.CatchUp {
		return
	}
	since, known := l.options.Kept.Data().Cron[p.Config.Program.Name]
	if !known {
		l.ran(p, now)
	} else if missed := start.Missed(since, now); !missed.IsZero() {
		l.schedules.came = append(l.schedules.came, arrival{process: p, late: now.Sub(missed)})
	}
}

// ran notes for later runs of supervisord that the times of cron of a program have been handled up to now.
func (l *Loop) ran(p *process.Process, now time.Time) {
	if p.Config.Extra.Timing.CatchUp {
		l.options.Kept.Apply(statefile.Change{Ran: map[string]time.Time{p.Config.Program.Name: now}})
	}
}

// scheduled notes that a process has other schedules than before, or none any more.
func (l *Loop) scheduled(p *process.Process) {
	if l.schedules != nil {
		l.schedules.forget([]*process.Process{p})
	}
	if !l.shared.ShuttingDown {
		l.addSchedule(p)
	}
}

// watch begins to watch the clock.
func (s *schedules) watch(now time.Time) {
	if s.unwatch != nil || !s.look.at.IsZero() {
		return
	}
	stop, err := wallclock.Watch(func() {
		s.loop.send(func(now time.Time) { s.clockSet(now) })
	})
	if s.unwatch = stop; err != nil {
		s.loop.schedule(&s.look, now.Add(lookInterval))
	}
}

// end ends all schedules.
func (s *schedules) end() {
	s.loop.schedule(&s.next, time.Time{})
	s.loop.schedule(&s.look, time.Time{})
	if s.unwatch != nil {
		s.unwatch()
	}
	s.loop.schedules = nil
}

// forget drops the schedules of processes that are removed.
func (s *schedules) forget(removed []*process.Process) {
	for _, p := range removed {
		delete(s.processes, p)
	}
	s.came = slices.DeleteFunc(s.came, func(a arrival) bool { return slices.Contains(removed, a.process) })
	if len(s.processes) == 0 {
		s.end()
	}
}

// clockSet finds all times anew, because the clock may have been set. What has come by that is done.
func (s *schedules) clockSet(now time.Time) {
	if s.loop.schedules != s { // ended
		return
	}
	if !s.look.at.IsZero() {
		s.loop.schedule(&s.look, now.Add(lookInterval))
	}
	s.each(func(_ *process.Process, t *schedule.Timetable) { t.ClockSet(now) })
	s.wait(now)
}

// each calls f with each timetable.
func (s *schedules) each(f func(p *process.Process, t *schedule.Timetable)) {
	for p := range s.processes {
		start, restart := p.Timetables()
		for _, t := range []*schedule.Timetable{start, restart} {
			if t != nil {
				f(p, t)
			}
		}
	}
}

// wait sets the deadline. There is none while children of the supervisord before are stopped.
func (s *schedules) wait(now time.Time) {
	var next time.Time
	switch {
	case s.loop.clear != nil:
	case len(s.came) > 0:
		next = now
	default:
		s.each(func(_ *process.Process, t *schedule.Timetable) {
			if at := t.Wake(now); !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		})
	}
	s.loop.schedule(&s.next, next)
}

// tick does one of the things whose time has come, the first one by priority.
func (s *schedules) tick(now time.Time) {
	s.watch(now)
	if s.loop.clear != nil {
		s.wait(now)
		return
	}
	if len(s.came) == 0 {
		s.collect(now)
	}
	if len(s.came) > 0 {
		next := s.came[0]
		s.came = s.came[1:]
		if next.restart {
			s.loop.restartScheduled(next.process, next.late, now)
		} else {
			s.loop.startScheduled(next.process, next.late, now)
		}
		s.loop.changed(next.process) // clients see when it is started next
	}
	if len(s.came) == 0 {
		s.came = nil
	}
	s.wait(now)
}

// collect finds all that has come.
func (s *schedules) collect(now time.Time) {
	s.each(func(p *process.Process, t *schedule.Timetable) {
		if came, late := t.Come(now); came {
			start, _ := p.Timetables()
			s.came = append(s.came, arrival{p, t != start, late})
		}
	})
	slices.SortFunc(s.came, func(a, b arrival) int { return startOrder(a.process, b.process) })
}

// changed starts a process soon that has ended and whose start by its schedule has waited for that.
func (s *schedules) changed(p *process.Process) {
	if s.processes[p] && p.QueuedStart() && !slices.ContainsFunc(s.came, func(a arrival) bool { return a.process == p }) {
		s.came = append(s.came, arrival{process: p})
		s.loop.schedule(&s.next, p.StateSince())
	}
}

func (s *schedules) export() (list []ArrivalState) {
	for _, a := range s.came {
		list = append(list, ArrivalState{fullName(a.process), a.restart, a.late})
	}
	return list
}

func (s *schedules) restore(list []ArrivalState) {
	for _, a := range list {
		if p := s.loop.named(a.Process); p != nil && s.processes[p] {
			s.came = append(s.came, arrival{p, a.Restart, a.Late})
		}
	}
}

// startScheduled does what follows from a time of cron: here alone is decided whether it starts the process.
func (l *Loop) startScheduled(p *process.Process, late time.Duration, now time.Time) {
	l.ran(p, now)
	state, unmet := p.State(), l.unmet(p)
	switch _, leaves := l.leaving[p]; {
	case p.Disabled() || leaves:
	case schedule.TooLate(late) && !p.Config.Extra.Timing.CatchUp:
		p.Log().Infof("%s was not started by its schedule: its time, %s, has passed", p.Name(), timeOf(late, now))
	case !state.IsStopped():
		l.overlap(p, now)
	case unmet != "":
		p.Log().Warnf("%s was not started by its schedule: waits for %s", p.Name(), unmet)
	case schedule.TooLate(late):
		p.Log().Infof("%s starts by its schedule, whose time was %s", p.Name(), timeOf(late, now))
		p.StartScheduled(now)
	default:
		p.Log().Infof("%s starts by its schedule", p.Name())
		p.StartScheduled(now)
	}
}

// timeOf is when a schedule has come, for the log.
func timeOf(late time.Duration, now time.Time) string { return now.Add(-late).Format(time.DateTime) }

// unmet are the conditions that a process depends on and that are not met, empty if there is none.
func (l *Loop) unmet(p *process.Process) string {
	if l.depends == nil || l.depends.gates[p] == nil {
		return ""
	}
	_, unmet := l.depends.graphNow().Open(p, l.depends.facts)
	return texts(unmet)
}

// overlap does what cron_overlap says about a time that comes before the process has ended. A process that is stopping, or that is about
// to be started again anyway, is not restarted.
func (l *Loop) overlap(p *process.Process, now time.Time) {
	state, how := p.State(), p.Config.Extra.Timing.Overlap
	switch {
	case how == config.OverlapSkip:
		p.Log().Infof("%s was not started by its schedule: it is %s", p.Name(), state)
	case how == config.OverlapRestart && state != api.Stopping:
		l.Recycle(p, api.Reason{Why: api.WhySchedule}, now)
	case p.QueueStart():
		p.Log().Infof("%s will be started by its schedule when it has ended: it is %s", p.Name(), state)
	}
}

// restartScheduled does what follows from a time of restart_cron.
func (l *Loop) restartScheduled(p *process.Process, late time.Duration, now time.Time) {
	switch _, leaves := l.leaving[p]; {
	case p.State() != api.Running || p.Disabled() || leaves:
	case schedule.TooLate(late):
		p.Log().Infof("%s was not restarted by its schedule: its time, %s, has passed", p.Name(), timeOf(late, now))
	default:
		l.Recycle(p, api.Reason{Why: api.WhySchedule}, now)
	}
}
