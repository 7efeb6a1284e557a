package config

import (
	"sort"
	"strings"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
)

type object = map[string]any

// orNull is a text, or null for none.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func uidOf(a *account.Account) any {
	if a == nil {
		return nil
	}
	return a.UID
}

func logOf(l Log) any {
	switch l.Kind {
	case LogAuto:
		return "Automatic"
	case LogFile:
		return l.Path
	}
	return nil
}

// goldenOf gives a configuration the shape of the recordings.
func goldenOf(c *Config) object {
	s := c.Supervisord
	supervisord := object{
		"childlogdir": s.ChildLogDir, "directory": orNull(s.Directory), "identifier": s.Identifier,
		"logfile": s.Logfile, "logfile_backups": s.LogfileBackups, "logfile_maxbytes": s.LogfileMaxBytes,
		"loglevel": s.Loglevel, "minfds": s.MinFDs, "minprocs": s.MinProcs, "nocleanup": s.NoCleanup,
		"nodaemon": s.NoDaemon, "pidfile": s.Pidfile, "silent": s.Silent, "strip_ansi": s.StripANSI,
		"umask": s.Umask, "user": nil, "environment": nil, // the recordings do not have it
	}
	if s.User != nil {
		supervisord["user"] = s.User.Name
	}
	texts := map[api.Level][]string{api.Warn: {}, api.Info: {}}
	for _, m := range c.Messages {
		texts[m.Level] = append(texts[m.Level], m.Text)
	}
	groups := []object{}
	for _, g := range c.Groups {
		groups = append(groups, goldenGroup(g))
	}
	return object{"supervisord": supervisord, "groups": groups, "warnings": texts[api.Warn]}
}

func goldenGroup(g *Group) object {
	class := map[Kind]string{ProgramGroup: "Process", NamedGroup: "Process", ListenerGroup: "EventListener",
		FastCGIGroup: "FastCGI"}[g.Kind]
	processes := []object{}
	for _, p := range g.Processes {
		processes = append(processes, goldenProcess(p, class))
	}
	group := object{"name": g.Name, "priority": g.Priority, "processes": processes, "class": class + "GroupConfig"}
	if g.Pool != nil {
		group["class"] = "EventListenerPoolConfig"
		group["buffer_size"] = g.Pool.BufferSize
		_, group["result_handler"], _ = strings.Cut(g.Pool.ResultHandler, ":")
		events := []string{}
		for _, event := range g.Pool.Events {
			class := ""
			for part := range strings.SplitSeq(event, "_") {
				class += part[:1] + strings.ToLower(part[1:])
			}
			events = append(events, class+"Event")
		}
		sort.Strings(events)
		group["events"] = events
	}
	if g.Kind == FastCGIGroup {
		group["socket"] = g.Processes[0].Socket.URL
	}
	return group
}

func goldenProcess(p *Process, class string) object {
	var umask, restart any = p.Run.Umask, false
	if p.Run.Umask < 0 {
		umask = nil
	}
	switch p.Exit.Restart {
	case RestartAlways:
		restart = "RestartUnconditionally"
	case RestartUnexpected:
		restart = "RestartWhenExitUnexpected"
	}
	codes := p.Exit.Codes
	if codes == nil {
		codes = []int{}
	}
	if class == "FastCGI" {
		class += "Process"
	}
	return object{
		"_class": class + "Config", "name": p.ProcessName, "command": p.Run.Command, "directory": orNull(p.Run.Directory),
		"environment": p.Run.Environment, "priority": p.Priority, "autostart": p.Start.Auto, "autorestart": restart,
		"startsecs": p.Start.Secs, "startretries": p.Backoff.Retries, "exitcodes": codes, "stopsignal": p.Stop.Signal,
		"stopwaitsecs": p.Stop.WaitSecs, "stopasgroup": p.Stop.AsGroup, "killasgroup": p.Stop.KillAsGroup,
		"uid": uidOf(p.Run.User), "umask": umask, "redirect_stderr": p.RedirectErr, "serverurl": orNull(p.Run.ServerURL),
		"stdout_capture_maxbytes": p.Out.Capture, "stderr_capture_maxbytes": p.Err.Capture,
		"stdout_events_enabled": p.Out.Events, "stderr_events_enabled": p.Err.Events,
		"stdout_logfile": logOf(p.Out.Log), "stdout_logfile_maxbytes": p.Out.Log.MaxBytes,
		"stdout_logfile_backups": p.Out.Log.Backups, "stdout_syslog": p.Out.Log.Syslog,
		"stderr_logfile": logOf(p.Err.Log), "stderr_logfile_maxbytes": p.Err.Log.MaxBytes,
		"stderr_logfile_backups": p.Err.Log.Backups, "stderr_syslog": p.Err.Log.Syslog,
	}
}
