package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/daemon"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/httpd"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/metrics"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/rest"
	"github.com/gosupervisor/supervisor/internal/rpc"
	"github.com/gosupervisor/supervisor/internal/scrape"
	"github.com/gosupervisor/supervisor/internal/socket"
	"github.com/gosupervisor/supervisor/internal/statefile"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/web"
)

// supervisord is what is kept over a restart.
type supervisord struct {
	opts    config.Options
	program string // our path, as we were started
	file    string // the configuration file, absolute
	read    func(*config.Scaling) (*config.Config, error)
	show    func(*config.Scaling) (*config.Config, []api.ConfigSection, error)
	kept    *statefile.File               // what operators have changed
	exposed func(*config.Config) []string // of config.Exposed
	signals chan os.Signal
	chld    chan os.Signal
	start   func(child.Spec) (pid int, err error)
	memory  daemon.Memory
	unused  *daemon.Releaser // of this run
	manager *daemon.Notifier
	serial  events.Serial
	history *history.Ring
	started time.Time
	sockets *socket.Set    // of [socket:x] sections
	servers *httpd.Servers // of this run; between two runs, the sockets that are kept
	outcome outcome        // of an upgrade
	running bool           // the first run has begun: limits are set, the terminal is left
}

// outcome is what became of the upgrade with which this program began.
type outcome struct {
	from   string // version
	failed string // why this program has come back; empty: it has not
}

// life is one run of the loop, with all that it uses.
type life struct {
	cfg     *config.Config
	log     *logs.Main
	audit   *audit.Log
	servers *httpd.Servers
	sup     *supervisor.Supervisor
	pages   *web.Handler
	pidFile *daemon.PIDFile
	record  *orphans.Record
	clear   <-chan struct{} // see Supervisor.Run
	ended   chan struct{}   // closed at the end
}

// run is one run of the loop, from a configuration to a shutdown, or to the configuration that a restart goes on with. It
// closes all that it opens. Status is the exit status after a shutdown. An error says why it could not begin; then no child was started.
func (d *supervisord) run(cfg *config.Config) (next *config.Config, status int, err error) {
	l, err := d.begin(cfg)
	if err != nil {
		l.end(nil)
		return nil, 0, err
	}
	next, status = l.live()
	return next, status, nil
}

// live runs the loop, and closes everything after it.
func (l *life) live() (next *config.Config, status int) {
	next, status = l.sup.Run(l.record, l.clear)
	l.end(next)
	return next, status
}

// end closes what has been opened, in the reverse order. Servers keep the sockets that the next run needs.
func (l *life) end(next *config.Config) {
	l.record.Close()
	l.pidFile.Remove()
	close(l.ended)
	switch {
	case l.servers == nil:
	case next == nil:
		l.servers.Close()
	default:
		l.servers.Stop(keepable(next))
	}
	l.audit.Close()
	if l.log != nil {
		if next == nil {
			logs.EndRemotes(flushTimeout)
		}
		l.log.Close()
	}
}

// begin opens what a run needs. After an error, what is open is to be closed.
func (d *supervisord) begin(cfg *config.Config) (l *life, err error) {
	own := &cfg.Supervisord
	l = &life{cfg: cfg, ended: make(chan struct{})}
	messages, err := d.setUp(own)
	if err != nil {
		return l, err
	}
	d.memory.Protect()
	logs.ReportRemotes(func(format string, args ...any) { l.log.Warnf(format, args...) })
	if l.log, err = openLog(own); err != nil {
		return l, err
	}
	logs.ReportRotatedTo(l.log)
	if l.audit, err = openAudit(own, l.log); err != nil {
		return l, err
	}
	for _, m := range bySeverity(append(slices.Clone(cfg.Messages), messages...)) {
		l.log.Log(m.Level, m.Text)
	}
	if cfg, err = d.openKept(l); err != nil {
		return l, err
	}
	if l.servers, err = d.servers.Next(cfg.Servers, os.Stderr); err != nil {
		return l, err
	}
	d.servers = l.servers
	if err := rpc.Check(cfg.Interfaces); err != nil && len(cfg.Servers) > 0 {
		return l, err
	}
	if err := d.onlyInstance(cfg); err != nil {
		return l, err
	}
	if own.LogDirs {
		if err := logs.MakeDir(own.ChildLogDir); err != nil {
			return l, fmt.Errorf("cannot make %s: %w", own.ChildLogDir, err)
		}
	}
	if !own.NoCleanup {
		for _, problem := range logs.CleanAuto(own.ChildLogDir, own.Identifier) {
			l.log.Warnf("%v", problem)
		}
		for _, dir := range []string{own.ChildLogDir, os.TempDir()} {
			plugin.Clean(dir, own.Identifier)
		}
	}
	d.unused = new(daemon.Releaser)
	d.history.Resize(own.HistorySize())
	options := d.options(l)
	if l.sup, err = supervisor.New(options); err != nil {
		return l, err
	}
	services := d.services(l, web.State{})
	logServices(l)
	if !own.NoDaemon && !d.running {
		if err := daemon.Background(own.Directory, own.BackgroundUmask(), l.log.Log); err != nil {
			return l, err
		}
	}
	if l.pidFile, err = daemon.WritePIDFile(own.Pidfile); err != nil {
		l.log.Critf("could not write pidfile %s", own.Pidfile)
	} else {
		l.log.Infof("supervisord started with pid %d", os.Getpid())
	}
	l.servers.Serve(services) // after the pid file: a client that gets an answer finds it
	d.running = true
	daemon.Ready()
	d.manager.Ready()
	if err := daemon.SetSubreaper(own.Subreaper); err != nil {
		l.log.Warnf("subreaper=true has no effect: %v", err)
	}
	if !l.sup.StartsProcesses() {
		options.Settled()
	}
	if l.pidFile != nil {
		l.record, l.clear = d.remember(cfg, l.log)
	}
	return l, nil
}

// options are those of the loop of a run whose log is open.
func (d *supervisord) options(l *life) supervisor.Options {
	cfg, log, unused, ended := l.cfg, l.log, d.unused, l.ended
	return supervisor.Options{
		Config: cfg, Log: log, Audit: l.audit, Signals: d.signals, Chld: d.chld, ShowConfig: d.show, Start: d.startChild,
		Restarted: d.running, Sockets: d.sockets,
		ReadConfig: func(scaling *config.Scaling) (*config.Config, error) {
			read, err := d.read(scaling)
			if err == nil {
				l.servers.Learn(read)
			}
			return read, err
		},
		Prepare:     func(next *config.Config) error { return prepare(next, l.servers) },
		Environ:     environ(cfg, cfg),
		EnvironOf:   func(read *config.Config) []string { return environ(read, cfg) },
		ListenerEnv: listenerEnv(cfg.Supervisord.Environ(os.Environ()), cfg.Withheld),
		Launcher:    daemon.Launcher(),
		Leaving:     d.leaving, Settled: func() { go d.settled(cfg, log, unused, ended) }, Serial: &d.serial, History: d.history,
		Taken: func(read *config.Config) {
			l.servers.Permit(read)
			l.audit.Change(auditOptions(&read.Supervisord))
		},
		Reopened: func() { go l.servers.Rebind() }, Kept: d.kept,
		Upgrade: func(ctx context.Context, dryRun bool) (api.Upgrade, error) { return d.upgrade(ctx, l, dryRun) },
	}
}

// openKept opens the state file of a run, and returns its configuration with the numbers of processes that the file has.
func (d *supervisord) openKept(l *life) (*config.Config, error) {
	before := d.kept.Data()
	d.kept.Open(l.cfg.Supervisord.StateFile, l.log.Warnf)
	supervisor.ForgetScaled(d.kept, l.cfg)
	scaling := supervisor.Scaling(d.kept)
	if scaling == nil || maps.Equal(before.Scaled, d.kept.Data().Scaled) { // the configuration has been read with them
		return l.cfg, nil
	}
	cfg, err := d.read(scaling)
	if err != nil {
		return l.cfg, err
	}
	for name, s := range scaling.Found {
		if problem := s.Problem(); problem != "" {
			l.log.Warnf("%s is not scaled to %d: %s", name, d.kept.Data().Scaled[name].To, problem)
		}
	}
	supervisor.ForgetScaled(d.kept, cfg)
	l.cfg = cfg
	return cfg, nil
}

func openLog(own *config.Supervisord) (*logs.Main, error) { return logs.OpenMain(logOptions(own)) }

func logOptions(own *config.Supervisord) logs.MainOptions {
	return logs.MainOptions{
		Remote: process.ServerOf(&own.Shipping), Journal: logJournal(own),
		Path: own.Logfile, Level: own.Loglevel, MaxBytes: int64(own.LogfileMaxBytes), Backups: own.LogfileBackups,
		Stdout: own.NoDaemon && !own.Silent, Header: logHeader(&own.Shipping), JSON: own.LogfileJSON,
		Rotation: &own.LogRotation, MakeDirs: own.LogDirs, Access: process.AccessOf(own.LogAccess),
	}
}

// startChild starts a child, which inherits nothing that protects our memory. The loop calls it, for one child at a time.
func (d *supervisord) startChild(spec child.Spec) (pid int, err error) {
	d.memory.BeforeStart()
	defer d.memory.AfterStart()
	d.unused.Used()
	return d.start(spec)
}

// leaving notifies the service manager that a shutdown or restart begins.
func (d *supervisord) leaving(restart bool) {
	if restart {
		d.manager.Reloading("Restarting")
	} else {
		d.manager.Stopping()
	}
}

// prepare opens the sockets of the servers of the next run, and finds out early what would prevent it.
func prepare(next *config.Config, servers *httpd.Servers) error {
	if err := rpc.Check(next.Interfaces); err != nil && len(next.Servers) > 0 {
		return err
	}
	if user := next.Supervisord.User; user != nil && os.Getuid() != 0 {
		if _, err := daemon.DropPrivileges(user); err != nil { // it changes nothing, except as root
			return err
		}
	}
	if staysUser(next) { // otherwise the file is the next user's to make
		log, err := openLog(&next.Supervisord)
		if err != nil {
			return err
		}
		next, err := openAudit(&next.Supervisord, log)
		next.Close()
		log.Close()
		if err != nil {
			return err
		}
	}
	return servers.Prepare(keepable(next), os.Stderr)
}

// keepable are the servers whose sockets the next run can take over. If it runs as another user, Unix sockets are opened by
// that user, who then owns their files.
func keepable(next *config.Config) []config.Server {
	if staysUser(next) {
		return next.Servers
	}
	return slices.DeleteFunc(slices.Clone(next.Servers), func(s config.Server) bool { return s.Unix })
}

// staysUser reports whether the next run has the user of this one.
func staysUser(next *config.Config) bool {
	user := next.Supervisord.User
	return user == nil || user.UID == os.Geteuid()
}

// remember opens the record of our children, and stops those that outlived an earlier supervisord if that is configured; clear
// closes when they have ended.
func (d *supervisord) remember(cfg *config.Config, log *logs.Main) (record *orphans.Record, clear chan struct{}) {
	own := &cfg.Supervisord
	path := recordPath(own)
	record, survivors := orphans.Open(path, d.identity(cfg), log)
	if !own.KillOrphans {
		orphans.Release(survivors)
		return record, nil
	}
	if reason := orphans.Exposed(path); reason != "" {
		log.Warnf("orphans=kill believes %q, but %s: keep the pid file where only supervisord's user can write", path, reason)
	}
	if len(survivors) > 0 {
		clear = make(chan struct{})
		go func() {
			defer close(clear)
			orphans.Stop(survivors, log)
		}()
	}
	return record, clear
}

// runsAsRoot is the warning about root privileges that are kept without user=root.
const runsAsRoot = "Supervisor is running as root.  Privileges were not dropped because no user is specified in the " +
	"config file.  If you intend to run as root, you can set user=root in the config file to avoid this message."

// setUp switches to the user and, in the first run, sets the umask and raises the limits that the configuration asks for. The
// messages are for the main log, which is opened later.
func (d *supervisord) setUp(own *config.Supervisord) (messages []config.Message, err error) {
	if own.User != nil {
		info, err := daemon.DropPrivileges(own.User)
		if err != nil {
			return nil, err
		}
		messages = append(messages, config.Message{Level: api.Info, Text: info})
	} else if os.Geteuid() == 0 {
		messages = append(messages, config.Message{Level: api.Critical, Text: runsAsRoot})
	}
	if d.running {
		return messages, nil
	}
	if own.Umask >= 0 {
		syscall.Umask(own.Umask) // before the first file is made, and the first child is started
	}
	daemon.ReserveThreads()
	raised, err := daemon.RaiseLimits(own.MinFDs, own.MinProcs)
	for _, info := range raised {
		messages = append(messages, config.Message{Level: api.Info, Text: info})
	}
	return messages, err
}

// bySeverity is the order in which messages from before the log was open are logged: the most severe first.
func bySeverity(messages []config.Message) []config.Message {
	slices.SortStableFunc(messages, func(a, b config.Message) int { return int(b.Level - a.Level) })
	return messages
}

// logServices logs what the servers offer, and which of them asks for no password.
func logServices(l *life) {
	var namespaces []string
	for _, i := range l.cfg.Interfaces {
		namespaces = append(namespaces, i.Name)
	}
	for name := range l.sup.Plugins() {
		namespaces = append(namespaces, name)
	}
	slices.Sort(namespaces[len(l.cfg.Interfaces):])
	policy := access.New(config.Rules(l.cfg.Servers), l.cfg.Users, nil)
	for i, s := range l.cfg.Servers {
		for _, name := range namespaces {
			l.log.Infof("RPC interface '%s' initialized", name)
		}
		if l.cfg.Announces(i, policy) {
			l.log.Critf("Server '%s' running without any HTTP authentication checking", s.Section)
		}
	}
}

// services are the handlers of the servers.
func (d *supervisord) services(l *life, pages web.State) httpd.Services {
	ops, log := operations.New(l.sup), l.log
	calls := rpc.New(l.sup, l.cfg.Interfaces...)
	l.pages = web.Import(pages, ops, d.started)
	usage := l.sup.Usage()
	d.unused.Drop = func() { calls.Release(); usage.Drop() }
	services := httpd.Services{
		Call: calls.ServeXMLRPC,
		ProcessLog: func(ctx context.Context, name string, channel api.Channel) (logs.Source, bool) {
			return ops.For(ctx).LogSource(name, channel)
		},
		MainLog:     func() (logs.Source, bool) { return logs.Source{Path: log.Path()}, log.Path() != "" },
		Pages:       l.pages.Serve,
		Users:       l.cfg.Users,
		LoginLimit:  l.cfg.Supervisord.LoginLimit,
		Down:        l.sup.Down(),
		Busy:        calls.Busy,
		Rebound:     func(warning string) { log.Warnf("%s", warning) },
		Panicked:    func(failure any) { log.Critf("unexpected failure: %v\n%s", failure, debug.Stack()) },
		Audit:       l.audit,
		Answered:    d.unused.Used,
		FailedLogin: func(line string) { log.Warnf("%s", line) },
		Warned:      func(warning string) { log.Warnf("%s", warning) },
	}
	if own := &l.cfg.Supervisord; own.Metrics {
		services.Metrics = scrape.New(l.sup, scrape.Options{Started: d.started, Resources: own.MetricsResources, Servers: func() []metrics.Server { return l.servers.Stats() }}).Serve
	}
	if log.Enabled(api.Trace) {
		services.Access = func(line string) { log.Tracef("%s", line) }
	}
	if !l.cfg.Supervisord.NoAPI {
		services.API = rest.New(ops, rest.About{Started: d.started, File: d.file})
	}
	return services
}
