package supervisor

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// signal does what a signal to supervisord asks for.
func (l *Loop) signal(sig syscall.Signal) {
	switch sig {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT:
		l.log.Warnf("received %s indicating exit request", signame.Name(sig))
		l.options.Audit.Signal(signame.Name(sig), audit.Result(nil))
		l.Shutdown()
	case syscall.SIGHUP:
		if l.state() == api.DaemonShutdown {
			l.log.Warnf("ignored %s indicating restart request (shutdown in progress)", signame.Name(sig))
			return
		}
		l.log.Warnf("received %s indicating restart request", signame.Name(sig))
		l.rereadAndRestart()
	case syscall.SIGUSR2:
		l.log.Infof("received %s indicating log reopen request", signame.Name(sig))
		l.options.Audit.Signal(signame.Name(sig), audit.Result(nil))
		l.reopenLogs()
	default:
		l.log.Blatherf("received %s indicating nothing", signame.Name(sig))
	}
}

// rereadAndRestart restarts if the configuration can be read and what it needs can be opened; otherwise that is reported and
// everything goes on as it is. Both are done outside the loop.
func (l *Loop) rereadAndRestart() {
	l.rereading = true
	go func() {
		cfg, err := l.handle.ReadNext()
		refused := "cannot restart, the configuration is wrong and everything goes on as it is: "
		if err == nil {
			refused = "cannot restart, everything goes on as it is: "
			err = l.handle.Prepare(cfg)
		}
		_ = l.handle.Do(func(l *Loop) { // an error says that a shutdown was faster
			l.rereading = false
			if err == nil {
				l.options.Audit.Signal(signame.Name(syscall.SIGHUP), audit.Result(nil))
			} else {
				l.options.Audit.Signal(signame.Name(syscall.SIGHUP), "failed")
				text, place, _ := strings.Cut(config.Explain(err), "\n")
				l.log.Lines(api.Error, refused+text, []byte(place))
				return
			}
			l.Restart(cfg)
		})
	}()
}

// reopenLogs opens the main log and the logs of live children again.
func (l *Loop) reopenLogs() {
	l.log.Infof("supervisord logreopen")
	if err := l.log.Reopen(); err != nil {
		l.log.Warnf("cannot reopen %s, going on with the old file: %v", l.log.Path(), err)
	}
	l.options.Audit.Reopen()
	for _, p := range l.Processes() {
		_ = p.Reopen()
	}
	if l.options.Reopened != nil {
		l.options.Reopened()
	}
}

// Shutdown begins to stop everything; Run then ends.
func (l *Loop) Shutdown() { l.enter(api.DaemonShutdown) }

// endWith is Shutdown with an exit status for a process with exit_on. Nothing is started any more from now on. A shutdown that has
// begun keeps its status.
func (l *Loop) endWith(status int) bool {
	if l.state() == api.DaemonShutdown {
		return false
	}
	l.status, l.shared.ShuttingDown = status, true
	l.Shutdown()
	return true
}

// Restart begins to stop everything; Run then ends with cfg. A shutdown that has begun goes on.
func (l *Loop) Restart(cfg *config.Config) {
	if l.state() != api.DaemonShutdown {
		l.next = cfg
		l.enter(api.DaemonRestarting)
	}
}

// Reread is TakeReading, and returns how the groups of the reading differ from the active ones.
func (l *Loop) Reread(cfg *config.Config) config.Diff {
	l.TakeReading(cfg)
	return config.Compare(l.inOrder(), cfg.Groups)
}

// TakeReading takes a new reading of the configuration: its groups are what can be added from now on. It logs warnings that the reading
// before did not have. Nothing that runs changes; the next starts get the groups that users have now, and the variables in the files of
// [supervisord].
func (l *Loop) TakeReading(cfg *config.Config) {
	if before := l.read.Supervisord.FileEnvironment; !maps.Equal(before, cfg.Supervisord.FileEnvironment) {
		l.shared.Environ = l.options.EnvironOf(cfg)
	}
	for _, m := range cfg.Messages {
		if m.Level == api.Warn && !slices.Contains(l.read.Messages, m) {
			l.log.Warnf("%s", m.Text)
		}
	}
	l.read = cfg
	if l.options.Taken != nil {
		l.options.Taken(cfg)
	}
	l.watchMainLog(time.Now())
	ForgetScaled(l.options.Kept, cfg)
	l.shared.AutoLogs = nil
	l.regroup(cfg.Groups)
}

// inOrder are the configurations of the active groups, in the order in which they were added.
func (v View) inOrder() []*config.Group {
	active := make([]*config.Group, 0, len(v.l.groups))
	for _, g := range slices.SortedFunc(slices.Values(v.l.groups), func(a, b *Group) int { return cmp.Compare(a.added, b.added) }) {
		active = append(active, g.Config)
	}
	return active
}

// regroup has the next starts of all processes use the groups that a new reading found for their users.
func (l *Loop) regroup(read []*config.Group) {
	users := map[int]*account.Account{}
	for _, g := range read {
		for _, c := range g.Processes {
			if user := c.Run.User; user != nil && user.Missing == "" {
				users[user.UID] = user
			}
		}
	}
	if len(users) == 0 {
		return
	}
	for _, p := range l.Processes() {
		if user := p.Config.Run.User; user != nil && users[user.UID] != nil {
			p.SetUser(process.UserOf(p.Config, users[user.UID]))
		}
	}
}

// SendRemoteComm makes an event of what a client sent. Source: sendRemoteCommEvent.
func (l *Loop) SendRemoteComm(typ, data string) {
	l.shared.Events.Emit(api.RemoteCommunication, events.Remote(typ, data))
}
