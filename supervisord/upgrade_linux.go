package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/upgrade"
	"github.com/gosupervisor/supervisor/internal/upgrade/fault"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// freezeLimit is how long everything may take to come to a stop before an upgrade.
const freezeLimit = 5 * time.Second

// upgrading is set while an upgrade goes on.
var upgrading atomic.Bool

// refused is the fault of an upgrade that has changed nothing.
func refused(err error) error {
	return api.NewFault(api.Failed, "upgrade refused: "+err.Error())
}

// failed is the fault of an upgrade after which the running version goes on.
func failed(err error) error {
	return api.NewFault(api.Failed, fmt.Sprintf("upgrade failed, %s goes on: %v", api.Version, err))
}

// askedState is what a request for an upgrade knows when the program is replaced.
type askedState struct {
	Note string `json:"note,omitempty"`
}

func (o outcome) answer(note string) (api.Upgrade, error) {
	if o.failed != "" {
		return api.Upgrade{}, failed(errors.New(o.failed))
	}
	return api.Upgrade{From: o.from, To: api.Version, Note: note}, nil
}

// upgrade executes the program at the path of this one in place of it. The request for it waits as others do while everything is
// frozen, and is answered by the program that goes on.
func (d *supervisord) upgrade(ctx context.Context, l *life, dryRun bool) (api.Upgrade, error) {
	call := waiting.Of(ctx)
	asked := new(askedState)
	if call.Enter(asked) == waiting.Resume {
		return d.outcome.answer(asked.Note)
	}
	type answer struct {
		result api.Upgrade
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		result, err := d.replace(l, dryRun, asked)
		answers <- answer{result, err}
	}()
	for {
		select {
		case a := <-answers:
			return a.result, a.err
		case <-call.Frozen():
			call.Park(func() any { return asked })
		}
	}
}

// replace executes the program at the path of this one in place of it. It returns only in a dry run, or if that fails.
func (d *supervisord) replace(l *life, dryRun bool, asked *askedState) (result api.Upgrade, err error) {
	if !upgrading.CompareAndSwap(false, true) {
		return result, api.NewFault(api.Failed, "an upgrade is going on")
	}
	defer upgrading.Store(false)
	if l.cleaning() {
		return result, refused(errors.New("busy: programs of an earlier supervisord are being stopped"))
	}
	target, err := find(d.program)
	if err != nil {
		return result, refused(err)
	}
	verdict, err := d.rehearse(l, target.Path)
	if err != nil {
		return result, l.refused(err)
	}
	result = api.Upgrade{From: api.Version, To: verdict.Version, Note: verdict.Note}
	if dryRun {
		return result, nil
	}
	if err := fault.At("rehearsed"); err != nil {
		return result, refused(err)
	}
	l.log.Infof("upgrade: %s can take over, freezing", verdict.Version)
	if target.Changed() {
		return result, refused(fmt.Errorf("busy: %s has just been replaced", target.Path))
	}
	asked.Note = verdict.Note
	d.manager.Reloading("Upgrading")
	d.manager.Flush(notifyLimit)
	err = d.execute(l, target.Path)
	d.manager.Ready()
	return result, err
}

// find is upgrade.Find. What is executed as root must be root's to change.
func find(path string) (upgrade.Target, error) {
	if os.Geteuid() == 0 {
		if why := config.Replaceable(path); why != "" {
			return upgrade.Target{}, fmt.Errorf("users other than root can change what would be executed: %s", why)
		}
	}
	return upgrade.Find(path)
}

// refused is the fault of an upgrade that has changed nothing. A shutdown is the better reason.
func (l *life) refused(err error) error {
	leaving := false
	if l.sup.Do(func(loop *supervisor.Loop) { leaving = loop.Leaving() }) != nil || leaving {
		return api.NewFault(api.ShutdownState, "")
	}
	return refused(err)
}

// cleaning reports whether children of an earlier supervisord are being stopped.
func (l *life) cleaning() bool {
	if l.clear == nil {
		return false
	}
	select {
	case <-l.clear:
		return false
	default:
		return true
	}
}

// rehearse tries the program at path with a copy of the state, and this one, which is the way back.
func (d *supervisord) rehearse(l *life, path string) (v upgrade.Verdict, err error) {
	var text []byte
	err = l.frozen(time.Now().Add(freezeLimit), func(loop *supervisor.Loop) (err error) {
		text, err = d.export(l, loop, handover.NewWriter(api.Version))
		return err
	})
	if err != nil {
		return v, err
	}
	state, err := handover.Seal(text)
	if err != nil {
		return v, err
	}
	defer unix.Close(state)
	if v, err = upgrade.Try(path, state, upgrade.Limit); err != nil {
		return v, err
	}
	if _, err = upgrade.Try(child.Self(), state, upgrade.Limit); err != nil {
		err = fmt.Errorf("there is no way back: %w", err)
	}
	return v, err
}

// frozen runs f in the loop while nothing reads output or writes logs. Nor is garbage collected: programs wait.
func (l *life) frozen(deadline time.Time, f func(*supervisor.Loop) error) error {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	if err := l.sup.FreezeEvents(deadline); err != nil {
		return err
	}
	defer l.sup.ThawEvents()
	if err := l.sup.Pump().Freeze(deadline); err != nil {
		return err
	}
	defer l.sup.Pump().Thaw()
	if err := logs.Freeze(deadline); err != nil {
		return err
	}
	defer logs.Thaw()
	if err := l.sup.Kept().Freeze(deadline); err != nil {
		return err
	}
	defer l.sup.Kept().Thaw()
	defer l.sup.FreezeFiles(deadline)()
	return l.sup.Frozen(deadline, func(loop *supervisor.Loop) error {
		l.log.Freeze()
		defer l.log.Thaw()
		l.audit.Freeze()
		defer l.audit.Thaw()
		return f(loop)
	})
}

// execute freezes everything and executes the program at path. It returns only if that fails; then everything goes on.
func (d *supervisord) execute(l *life, path string) error {
	deadline := time.Now().Add(freezeLimit)
	if err := l.servers.Freeze(deadline); err != nil {
		return l.refused(err)
	}
	defer l.servers.Thaw()
	var answer error
	err := l.frozen(deadline, func(loop *supervisor.Loop) error {
		if loop.Leaving() {
			answer = api.NewFault(api.ShutdownState, "")
			return nil
		}
		if err := d.exec(l, loop, path); errors.Is(err, upgrade.ErrEnding) {
			answer = api.NewFault(api.ShutdownState, "")
		} else {
			answer = failed(err)
		}
		return nil
	})
	if err != nil {
		return l.refused(err)
	}
	return answer
}

// exec is called when everything is frozen.
func (d *supervisord) exec(l *life, loop *supervisor.Loop, path string) error {
	w := handover.NewWriter(api.Version)
	if err := fault.At("frozen"); err != nil {
		return err
	}
	h := upgrade.Handed{State: -1, Back: -1, Guard: -1}
	var err error
	if h.Back, err = upgrade.Self(); err != nil {
		return err
	}
	defer unix.Close(h.Back)
	started := make(chan error, 1)
	go func() { started <- d.startGuard(l, loop, &h) }() // beside the export: both only read the state
	guarded := sync.OnceValue(func() error { return <-started })
	defer func() { _ = guarded(); h.EndGuard() }()
	text, err := d.export(l, loop, w)
	if err != nil {
		return err
	}
	if h.State, err = handover.Seal(text); err != nil {
		return err
	}
	defer unix.Close(h.State)
	if err := guarded(); err != nil {
		return err
	}
	if err := fault.At("guarded"); err != nil {
		return err
	}
	if err := w.Inherit(true); err != nil {
		return err
	}
	if err = fault.At("executing"); err == nil {
		err = upgrade.Execute(path, h, d.signals)
		d.notifySignals()
	}
	if problem := w.Inherit(false); problem != nil {
		l.log.Critf("descriptors stay open in new children: %v", problem)
	}
	return err
}

// startGuard starts the guard.
func (d *supervisord) startGuard(l *life, loop *supervisor.Loop, h *upgrade.Handed) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("unexpected failure: %v\n%s", failure, debug.Stack())
		}
	}()
	plan, err := d.guarded(l, loop)
	if err != nil {
		return err
	}
	defer unix.Close(plan)
	return h.StartGuard(plan)
}

// guarded returns the descriptor of what the guard has to know.
func (d *supervisord) guarded(l *life, loop *supervisor.Loop) (fd int, err error) {
	children, err := json.Marshal(guardState{Children: slices.Collect(loop.Recorded), Log: l.log.Path()})
	if err != nil {
		return -1, err
	}
	_, notify := os.LookupEnv("NOTIFY_SOCKET")
	_, invocation := os.LookupEnv("INVOCATION_ID")
	text, err := json.Marshal(upgrade.Guarded{Children: children, Args: os.Args, Env: os.Environ(), Managed: notify || invocation})
	if err != nil {
		return -1, err
	}
	return handover.Seal(text)
}

// takeRole makes this process what another supervisord has started it for, if that is so.
func takeRole() (status int, taken bool) {
	upgrade.Trial(api.Version, trial)
	upgrade.Guard(handover.Load, stopGuarded)
	if t := upgrade.Take(); t != nil {
		return resume(t), true
	}
	return 0, false
}

// guardState is what the guard does if the upgrade fails.
type guardState struct {
	Children []orphans.Child `json:"children"`
	Log      string          `json:"log,omitempty"`
}

// stopGuarded stops the children in the guard.
func stopGuarded(text json.RawMessage) {
	var g guardState
	if json.Unmarshal(text, &g) != nil {
		return
	}
	path := g.Log
	if path == "" {
		path = os.DevNull
	}
	log, err := logs.OpenMain(logs.MainOptions{Path: path, Level: api.Info})
	if err != nil {
		if log, err = logs.OpenMain(logs.MainOptions{Path: os.DevNull, Level: api.Info}); err != nil {
			return
		}
	}
	defer log.Close()
	log.Critf("supervisord has ended during an upgrade, stopping its programs")
	orphans.Stop(orphans.Hold(g.Children), log)
}

// mainState is the room of this package.
type mainState struct {
	Args    []string            `json:"args"`
	Options config.OptionsState `json:"options"`
	Program string              `json:"program"` // the path that is executed
	File    string              `json:"file"`    // of the configuration
	Started int64               `json:"started"` // nanoseconds since 1970
	PIDFile bool                `json:"pid_file,omitempty"`
}

// The rooms.
const (
	mainRoom       = "main"
	configRoom     = "config"
	targetsRoom    = "targets"
	logRoom        = "log"
	auditRoom      = "audit"
	syslogRoom     = "syslog"
	supervisorRoom = "supervisor"
	childRoom      = "child"
	recordRoom     = "record"
	keptRoom       = "kept"
	httpdRoom      = "httpd"
	webRoom        = "web"
	historyRoom    = "history"
)

// export returns the state of everything, which is frozen.
func (d *supervisord) export(l *life, loop *supervisor.Loop, w *handover.Writer) ([]byte, error) {
	now := time.Now()
	w.Put(mainRoom, mainState{Args: os.Args, Options: d.opts.Export(), Program: d.program, File: d.file, Started: d.started.UnixNano(), PIDFile: l.pidFile != nil})
	w.Put(configRoom, config.Export(w, loop.Configs(), loop.InUse(), l.cfg.Current(loop.Configs(), loop.Config()), loop.Config()))
	w.Put(targetsRoom, logs.Export(w))
	w.Put(logRoom, l.log.Export(w))
	if state := l.audit.Export(w); state.Trail != nil {
		w.Put(auditRoom, state)
	}
	w.Put(syslogRoom, loop.Syslog().Export())
	w.Put(supervisorRoom, loop.Export(w, now))
	w.Put(childRoom, child.Export(w))
	w.Put(historyRoom, d.history.Export())
	w.Put(httpdRoom, l.servers.Export(w))
	w.Put(webRoom, l.pages.Export())
	if state := d.kept.Export(); !state.Empty() {
		w.Put(keptRoom, state)
	}
	if state := l.record.Export(w); state != nil {
		w.Put(recordRoom, state)
	}
	return w.Text()
}
