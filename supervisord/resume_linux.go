package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/daemon"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/httpd"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/parentthread"
	"github.com/gosupervisor/supervisor/internal/statefile"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/upgrade"
	"github.com/gosupervisor/supervisor/internal/upgrade/fault"
	"github.com/gosupervisor/supervisor/internal/web"
)

// resume goes on with what another program has handed over, or has that program go on.
func resume(t *upgrade.Taken) (status int) {
	t.Begin()
	_ = child.OpenPoller() // before the first timer; what comes of an error, IsolatedStarter finds
	debug.SetGCPercent(-1) // nothing of what is built can be freed, and programs wait
	late := time.AfterFunc(upgrade.Limit, func() { giveUp(t, fmt.Errorf("%s did not take over within %v", api.Version, upgrade.Limit)) })
	d, l, r, err := takeOver(t)
	if err == nil {
		err = fault.At("restored")
	}
	if err != nil {
		giveUp(t, fmt.Errorf("%s: %w", api.Version, err))
	}
	if !late.Stop() {
		select {} // the way back is being taken
	}
	t.Commit()
	_ = fault.At("committed")
	d.outcome = outcome{r.Version(), t.Failed}
	d.goOn(l)
	debug.SetGCPercent(gcPercent)
	next, status := l.live()
	return d.runs(next, status)
}

// giveUp goes back to the program that was executed before. It does not return.
func giveUp(t *upgrade.Taken, why error) {
	err := t.GoBack(why)
	fmt.Fprintln(os.Stderr, "Error:", err)
	os.Exit(1)
}

// takeOver builds everything from the state, and acts on nothing.
func takeOver(t *upgrade.Taken) (d *supervisord, l *life, r *handover.Reader, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("unexpected failure: %v\n%s", failure, debug.Stack())
		}
	}()
	_ = fault.At("begun")
	text, err := handover.Load(t.State)
	if err != nil {
		return nil, nil, nil, err
	}
	if r, err = handover.Read(text, api.Version, false); err != nil {
		return nil, nil, nil, err
	}
	d, l, err = restore(r, t.GuardPID())
	if err == nil {
		err = complete(r)
	}
	if err == nil {
		err = l.open()
	}
	return d, l, r, err
}

// open opens what goOn needs, so that nothing can fail there.
func (l *life) open() error {
	daemon.ReserveThreads()
	_ = l.raiseLimits() // the way back would have the same limits
	if err := l.sup.Open(); err != nil {
		return err
	}
	return l.servers.Open()
}

// complete returns why the state is not what it should be. The program that wrote it must have used all.
func complete(r *handover.Reader) error {
	if r.Version() == api.Version {
		return r.Complete()
	}
	return r.Err()
}

// trial is takeOver as a trial. The note is about the configuration file.
func trial(state int) (note string, err error) {
	text, err := handover.Load(state)
	if err != nil {
		return "", err
	}
	r, err := handover.Read(text, api.Version, true)
	if err != nil {
		return "", err
	}
	d, _, err := restore(r, 0)
	if err == nil {
		err = complete(r)
	}
	if err != nil {
		return "", err
	}
	if _, err := d.read(nil); err != nil {
		note = "the configuration has an error, update will refuse it: " + config.Explain(err)
	}
	return note, nil
}

// restore builds everything from the state. Guard is the process that guards the upgrade, 0 for none.
func restore(r *handover.Reader, guard int) (*supervisord, *life, error) {
	var main mainState
	r.Get(mainRoom, &main)
	if len(main.Args) == 0 {
		return nil, nil, fmt.Errorf("the state has no %s", mainRoom)
	}
	opts, err := config.ImportOptions(main.Options, main.Args[1:])
	if err != nil {
		return nil, nil, err
	}
	d := newSupervisord(opts, main.Program, time.Unix(0, main.Started))
	d.file, d.running = main.File, true
	var kept statefile.State
	r.Get(keptRoom, &kept)
	d.kept = statefile.Import(kept)
	var values config.State
	var state supervisor.State
	r.GetAll(map[string]any{configRoom: &values, supervisorRoom: &state}) // the large ones
	active, inUse, readings := config.Import(r, values)
	if r.Err() != nil || len(readings) != 2 {
		return nil, nil, fmt.Errorf("the state of %s is not complete: %v", configRoom, r.Err())
	}
	l := &life{cfg: readings[0], ended: make(chan struct{})}
	var targets logs.TargetsState
	r.Get(targetsRoom, &targets)
	logs.Import(r, targets)
	var main2 logs.MainState
	r.Get(logRoom, &main2)
	logs.ReportRemotes(func(format string, args ...any) { l.log.Warnf(format, args...) })
	l.log = logs.ImportMain(r, main2, logOptions(&l.cfg.Supervisord))
	var audited audit.State
	r.Get(auditRoom, &audited)
	l.audit = audit.Import(r, audited, l.log)
	var children child.State
	r.Get(childRoom, &children)
	child.Import(r, children, guard)
	var record *orphans.RecordState
	r.Get(recordRoom, &record)
	l.record = orphans.Import(r, record)
	var syslog logs.SyslogState
	r.Get(syslogRoom, &syslog)
	d.unused = new(daemon.Releaser)
	var past history.RingState
	r.Get(historyRoom, &past)
	d.history = history.Import(past, d.history.Life(), l.cfg.Supervisord.HistorySize())
	options := d.options(l)
	options.Read, options.InUse = readings[1], inUse
	l.sup = supervisor.Import(options, r, state, active, logs.ImportSyslog(r, syslog, "", func(text string) { l.log.Warnf("%s", text) }))
	var pages web.State
	r.Get(webRoom, &pages)
	var servers httpd.ServersState
	r.Get(httpdRoom, &servers)
	l.servers = httpd.Import(r, servers, l.cfg.Servers, d.services(l, pages))
	l.servers.Permit(readings[1])
	d.servers = l.servers
	if main.PIDFile {
		l.pidFile = daemon.OurPIDFile(l.cfg.Supervisord.Pidfile)
	}
	return d, l, nil
}

func (l *life) raiseLimits() (problem error) {
	_, problem = daemon.RaiseLimits(l.cfg.Supervisord.MinFDs, l.cfg.Supervisord.MinProcs)
	return problem
}

// goOn acts on what was built.
func (d *supervisord) goOn(l *life) {
	parentthread.Release()
	daemon.CloseOnExecInherited()
	daemon.DefaultSignals()
	if d.outcome.failed != "" {
		upgrade.SetName(d.program)
	}
	d.memory.Protect()
	_ = daemon.SetSubreaper(l.cfg.Supervisord.Subreaper)
	logs.ReportRotatedTo(l.log)
	logs.Begin()
	l.log.Begin()
	if problem := l.raiseLimits(); problem != nil { // again, for the message
		l.log.Warnf("%v", problem)
	}
	d.kept.Begin()
	l.sup.Begin()
	l.servers.Begin()
	d.manager.Ready()
	if d.outcome.failed != "" {
		l.log.Warnf("upgrade failed, %s goes on: %s", api.Version, d.outcome.failed)
		return
	}
	l.sup.Upgraded(d.outcome.from, api.Version)
}
