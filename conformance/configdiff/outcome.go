package main

import (
	"fmt"
	"slices"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
)

// outcome is the result of reading a configuration: values, or a refusal. The tags are the driver's names.
type outcome struct {
	Status  int     `json:"status"`  // of the exit, where the configuration is refused
	Message string  `json:"message"` // on standard error then
	Crash   string  `json:"crash"`   // the last line of a stack trace
	Values  *values `json:"values"`
}

type values struct {
	Supervisord daemon            `json:"supervisord"`
	Groups      []group           `json:"groups"`
	Servers     []server          `json:"servers"`
	Interfaces  []pluginInterface `json:"interfaces"`
	Warnings    []string          `json:"warnings"`
	Infos       []string          `json:"infos"`
}

type daemon struct {
	Logfile         string            `json:"logfile"`
	LogfileMaxBytes int               `json:"logfile_maxbytes"`
	LogfileBackups  int               `json:"logfile_backups"`
	Loglevel        int               `json:"loglevel"`
	Pidfile         string            `json:"pidfile"`
	Umask           int               `json:"umask"`
	NoDaemon        bool              `json:"nodaemon"`
	Silent          bool              `json:"silent"`
	MinFDs          int               `json:"minfds"`
	MinProcs        int               `json:"minprocs"`
	NoCleanup       bool              `json:"nocleanup"`
	ChildLogDir     string            `json:"childlogdir"`
	Directory       string            `json:"directory"`
	StripANSI       bool              `json:"strip_ansi"`
	Identifier      string            `json:"identifier"`
	UID             *int              `json:"uid"`
	Environment     map[string]string `json:"environment"`
}

type group struct {
	Name          string    `json:"name"`
	Kind          string    `json:"kind"`
	Priority      int       `json:"priority"`
	Processes     []process `json:"processes"`
	BufferSize    int       `json:"buffer_size"`
	Events        []string  `json:"events"`
	ResultHandler string    `json:"result_handler"`
	Socket        *socket   `json:"socket"`
}

type socket struct {
	URL     string `json:"url"`
	Backlog int    `json:"backlog"`
	Mode    *int   `json:"mode"`
	Owner   []int  `json:"owner"`
}

type process struct {
	Name          string            `json:"name"`
	Command       string            `json:"command"`
	Directory     *string           `json:"directory"`
	Environment   map[string]string `json:"environment"`
	Priority      int               `json:"priority"`
	AutoStart     bool              `json:"autostart"`
	AutoRestart   any               `json:"autorestart"`
	StartSecs     int               `json:"startsecs"`
	StartRetries  int               `json:"startretries"`
	ExitCodes     []int             `json:"exitcodes"`
	StopSignal    int               `json:"stopsignal"`
	StopWaitSecs  int               `json:"stopwaitsecs"`
	StopAsGroup   bool              `json:"stopasgroup"`
	KillAsGroup   bool              `json:"killasgroup"`
	UID           *int              `json:"uid"`
	Umask         *int              `json:"umask"`
	RedirectErr   bool              `json:"redirect_stderr"`
	ServerURL     *string           `json:"serverurl"`
	StdoutLogfile *string           `json:"stdout_logfile"`
	StdoutMax     int               `json:"stdout_logfile_maxbytes"`
	StdoutBackups int               `json:"stdout_logfile_backups"`
	StdoutSyslog  bool              `json:"stdout_syslog"`
	StdoutCapture int               `json:"stdout_capture_maxbytes"`
	StdoutEvents  bool              `json:"stdout_events_enabled"`
	StderrLogfile *string           `json:"stderr_logfile"`
	StderrMax     int               `json:"stderr_logfile_maxbytes"`
	StderrBackups int               `json:"stderr_logfile_backups"`
	StderrSyslog  bool              `json:"stderr_syslog"`
	StderrCapture int               `json:"stderr_capture_maxbytes"`
	StderrEvents  bool              `json:"stderr_events_enabled"`
}

type server struct {
	Section  string  `json:"section"`
	Family   string  `json:"family"`
	File     string  `json:"file"`
	Chmod    int     `json:"chmod"`
	Chown    []int   `json:"chown"`
	Host     string  `json:"host"`
	Port     int     `json:"port"`
	Username *string `json:"username"`
	Password *string `json:"password"`
}

type pluginInterface struct {
	Name    string            `json:"name"`
	Options map[string]string `json:"options"`
}

// ours reads the file at path with Load.
func ours(path string, environ []string) (outcome, *config.Config) {
	o, err := config.ParseArgs("supervisord", []string{"-c", path})
	if err != nil {
		return outcome{Crash: err.Error()}, nil
	}
	c, err := config.Load(o, environ)
	if err != nil {
		return outcome{Status: 2, Message: fmt.Sprintf("Error: %s\nFor help, use supervisord -h\n", err)}, nil
	}
	v := &values{Supervisord: daemonOf(&c.Supervisord)}
	for _, g := range c.Groups {
		v.Groups = append(v.Groups, groupOf(g))
	}
	for _, s := range c.Servers {
		v.Servers = append(v.Servers, serverOf(s))
	}
	for _, i := range c.Interfaces {
		v.Interfaces = append(v.Interfaces, pluginInterface{i.Name, i.Options})
	}
	for _, m := range c.Messages {
		if m.Level == api.Warn {
			v.Warnings = append(v.Warnings, m.Text)
		} else {
			v.Infos = append(v.Infos, m.Text)
		}
	}
	return outcome{Values: v}, c
}

func daemonOf(s *config.Supervisord) daemon {
	return daemon{
		Logfile: s.Logfile, LogfileMaxBytes: int(s.LogfileMaxBytes), LogfileBackups: s.LogfileBackups,
		Loglevel: int(s.Loglevel), Pidfile: s.Pidfile, Umask: s.Umask, NoDaemon: s.NoDaemon, Silent: s.Silent,
		MinFDs: s.MinFDs, MinProcs: s.MinProcs, NoCleanup: s.NoCleanup, ChildLogDir: s.ChildLogDir,
		Directory: s.Directory, StripANSI: s.StripANSI, Identifier: s.Identifier, UID: uid(s.User),
		Environment: s.Environment,
	}
}

func uid(a *account.Account) *int {
	if a == nil {
		return nil
	}
	return &a.UID
}

// orNull returns a pointer to text, or nil if it is empty.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func groupOf(g *config.Group) group {
	kinds := map[config.Kind]string{
		config.ProgramGroup: "ProcessGroupConfig", config.NamedGroup: "ProcessGroupConfig",
		config.ListenerGroup: "EventListenerPoolConfig", config.FastCGIGroup: "FastCGIGroupConfig"}
	shown := group{Name: g.Name, Kind: kinds[g.Kind], Priority: g.Priority}
	for _, p := range g.Processes {
		shown.Processes = append(shown.Processes, processOf(p))
	}
	if g.Pool != nil {
		shown.BufferSize, shown.ResultHandler = g.Pool.BufferSize, g.Pool.ResultHandler
		shown.Events = slices.Sorted(slices.Values(g.Pool.Events))
	}
	if g.Kind == config.FastCGIGroup && len(g.Processes) > 0 {
		s := g.Processes[0].Socket
		shown.Socket = &socket{URL: s.URL, Backlog: s.Backlog}
		if s.Unix {
			mode := int(s.Mode)
			shown.Socket.Mode = &mode
		}
		if s.UID >= 0 {
			shown.Socket.Owner = []int{s.UID, s.GID}
		}
	}
	return shown
}

func processOf(p *config.Process) process {
	shown := process{
		Name: p.ProcessName, Command: p.Run.Command, Directory: orNull(p.Run.Directory), Environment: p.Run.Environment,
		Priority: p.Priority, AutoStart: p.Start.Auto, StartSecs: p.Start.Secs, StartRetries: p.Backoff.Retries,
		ExitCodes: p.Exit.Codes, StopSignal: int(p.Stop.Signal), StopWaitSecs: p.Stop.WaitSecs,
		StopAsGroup: p.Stop.AsGroup, KillAsGroup: p.Stop.KillAsGroup, UID: uid(p.Run.User), RedirectErr: p.RedirectErr,
		ServerURL: orNull(p.Run.ServerURL), StdoutLogfile: logfile(p.Out.Log), StdoutMax: int(p.Out.Log.MaxBytes),
		StdoutBackups: p.Out.Log.Backups, StdoutSyslog: p.Out.Log.Syslog, StdoutCapture: int(p.Out.Capture),
		StdoutEvents: p.Out.Events, StderrLogfile: logfile(p.Err.Log), StderrMax: int(p.Err.Log.MaxBytes),
		StderrBackups: p.Err.Log.Backups, StderrSyslog: p.Err.Log.Syslog, StderrCapture: int(p.Err.Capture),
		StderrEvents: p.Err.Events, AutoRestart: false,
	}
	switch p.Exit.Restart {
	case config.RestartAlways:
		shown.AutoRestart = "RestartUnconditionally"
	case config.RestartUnexpected:
		shown.AutoRestart = "RestartWhenExitUnexpected"
	}
	if p.Run.Umask >= 0 {
		shown.Umask = &p.Run.Umask
	}
	return shown
}

func logfile(l config.Log) *string {
	word := "auto"
	switch l.Kind {
	case config.LogNone:
		return nil
	case config.LogFile:
		word = l.Path
	}
	return &word
}

func serverOf(s config.Server) server {
	shown := server{Section: s.Section, Family: "inet", Host: s.Host, Port: s.Port,
		Username: orNull(s.Username), Password: orNull(s.Password)}
	if s.Unix {
		shown.Family, shown.File, shown.Chmod, shown.Chown = "unix", s.File, int(s.Mode), []int{s.UID, s.GID}
	}
	return shown
}
