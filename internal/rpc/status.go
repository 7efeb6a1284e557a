package rpc

import (
	"cmp"
	"context"
	"os"
	"slices"
	"sync"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

func (s *Server) getAPIVersion(context.Context, args) (result, error) {
	return text(api.APIVersion), s.ops.CheckRunning()
}

func (s *Server) getSupervisorVersion(context.Context, args) (result, error) {
	return text(api.Version), s.ops.CheckRunning()
}

func (s *Server) getIdentification(context.Context, args) (result, error) {
	return text(s.ops.Identifier()), s.ops.CheckRunning()
}

func (s *Server) getPID(context.Context, args) (result, error) {
	return integer(os.Getpid()), s.ops.CheckRunning()
}

func (s *Server) getState(context.Context, args) (result, error) {
	err := s.ops.CheckRunning()
	state := s.sup.State()
	return func(e *xmlrpc.Encoder) {
		e.BeginStruct()
		e.Member("statecode")
		e.Int(int64(state))
		e.Member("statename")
		e.String(state.String())
		e.EndStruct()
	}, err
}

func (s *Server) getProcessInfo(_ context.Context, a args) (result, error) {
	info, err := s.ops.Info(a.text(0))
	return func(e *xmlrpc.Encoder) { writeInfo(e, &info) }, err
}

// infoLists holds the slices of earlier calls of getAllProcessInfo for reuse.
var infoLists = sync.Pool{New: func() any { return new([]api.ProcessInfo) }}

func (s *Server) getAllProcessInfo(context.Context, args) (result, error) {
	list := infoLists.Get().(*[]api.ProcessInfo)
	infos, err := s.ops.AllInfo((*list)[:0])
	return func(e *xmlrpc.Encoder) {
		e.BeginArray()
		for i := range infos {
			writeInfo(e, &infos[i])
		}
		e.EndArray()
		*list = infos
		infoLists.Put(list)
	}, err
}

// configured is a process of the last reading, with what getAllConfigInfo tells of what is active.
type configured struct {
	group          *config.Group
	process        *config.Process
	inUse          bool
	stdout, stderr string
}

func (s *Server) getAllConfigInfo(context.Context, args) (result, error) {
	var all []configured
	err := s.ops.Read(func(v supervisor.View) error {
		for _, g := range v.Config().Groups {
			active := v.Group(g.Name)
			for _, p := range g.Processes {
				c := configured{group: g, process: p, inUse: active != nil}
				var live *process.Process
				if active != nil {
					live = active.Process(p.ProcessName)
				}
				c.stdout = logName(p.Out.Log, live, api.Stdout)
				c.stderr = logName(p.Err.Log, live, api.Stderr)
				all = append(all, c)
			}
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b configured) int {
		return cmp.Compare(a.process.ProcessName, b.process.ProcessName)
	})
	return array(all, writeConfig), err
}

// logName is the log of one channel as getAllConfigInfo shows it: its path, or "auto" or "none".
func logName(l config.Log, live *process.Process, channel api.Channel) string {
	switch l.Kind {
	case config.LogFile:
		return l.Path
	case config.LogAuto:
		return cmp.Or(autoLog(live, channel), "auto")
	}
	return "none"
}

// autoLog is the automatic log that an active process has, empty if it has none or is nil.
func autoLog(live *process.Process, channel api.Channel) string {
	if live == nil {
		return ""
	}
	was := live.Config.Out.Log
	if channel == api.Stderr {
		was = live.Config.Err.Log
	}
	if was.Kind != config.LogAuto {
		return ""
	}
	return live.Logfile(channel)
}

func writeConfig(e *xmlrpc.Encoder, c configured) {
	p := c.process
	str := func(name, value string) { e.Member(name); e.String(cmp.Or(value, "none")) }
	num := func(name string, value int) { e.Member(name); e.Int(int64(value)) }
	yes := func(name string, value bool) { e.Member(name); e.Bool(value) }
	channel := func(name, path string, ch *config.Channel) {
		str(name+"_logfile", path)
		num(name+"_logfile_maxbytes", int(ch.Log.MaxBytes))
		num(name+"_logfile_backups", ch.Log.Backups)
		num(name+"_capture_maxbytes", int(ch.Capture))
		yes(name+"_events_enabled", ch.Events)
		yes(name+"_syslog", ch.Log.Syslog)
	}
	e.BeginStruct()
	e.Member("name")
	e.String(p.ProcessName)
	e.Member("group")
	e.String(c.group.Name)
	e.Member("command")
	e.String(p.Run.Command)
	num("group_prio", c.group.Priority)
	num("process_prio", p.Priority)
	yes("inuse", c.inUse)
	yes("autostart", p.Start.Auto)
	e.Member("autorestart")
	if p.Exit.Restart == config.RestartUnexpected {
		e.String("unexpected")
	} else {
		e.Bool(p.Exit.Restart == config.RestartAlways)
	}
	num("startsecs", p.Start.Secs)
	num("startretries", p.Backoff.Retries)
	num("stopsignal", int(p.Stop.Signal))
	num("stopwaitsecs", p.Stop.WaitSecs)
	e.Member("exitcodes")
	array(p.Exit.Codes, func(e *xmlrpc.Encoder, code int) { e.Int(int64(code)) })(e)
	yes("killasgroup", p.Stop.KillAsGroup)
	yes("redirect_stderr", p.RedirectErr)
	channel("stdout", c.stdout, &p.Out)
	channel("stderr", c.stderr, &p.Err)
	str("directory", p.Run.Directory)
	str("serverurl", p.Run.ServerURL)
	e.Member("uid")
	if p.Run.User != nil {
		e.Int(int64(p.Run.User.UID))
	} else {
		e.String("none")
	}
	e.EndStruct()
}
