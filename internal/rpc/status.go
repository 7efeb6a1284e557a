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
		writeStruct(e, "statecode", int(state), "statename", state.String())
	}, err
}

func (s *Server) getProcessInfo(ctx context.Context, a args) (result, error) {
	info, err := s.ops.For(ctx).Info(a.text(0))
	return func(e *xmlrpc.Encoder) { writeInfo(e, &info) }, err
}

func (s *Server) getConfig(ctx context.Context, a args) (result, error) {
	name := ""
	if len(a) > 0 {
		name = a.text(0)
	}
	sections, err := s.ops.For(ctx).Config(name)
	return array(sections, writeSection), err
}

func writeSection(e *xmlrpc.Encoder, s api.ConfigSection) {
	e.BeginStruct()
	e.Member("section")
	e.String(s.Name)
	e.Member("from")
	e.String(s.From)
	e.Member("keys")
	array(s.Keys, func(e *xmlrpc.Encoder, k api.ConfigKey) {
		writeStruct(e, "key", k.Name, "value", k.Text, "from", k.From)
	})(e)
	e.EndStruct()
}

func (s *Server) expandName(ctx context.Context, a args) (result, error) {
	names, err := s.ops.For(ctx).ExpandName(a.text(0))
	return array(names, writeString), err
}

func (s *Server) runChecks(ctx context.Context, a args) (result, error) {
	results, err := s.ops.For(ctx).RunChecks(ctx, a.text(0))
	return array(results, func(e *xmlrpc.Encoder, r api.CheckResult) {
		writeStruct(e, "check", r.Check, "ok", r.OK, "text", r.Text, "ms", r.Milliseconds)
	}), err
}

func (s *Server) getDependencies(ctx context.Context, a args) (result, error) {
	list, err := s.ops.For(ctx).Dependencies(a.text(0))
	return array(list, func(e *xmlrpc.Encoder, d api.Dependency) {
		writeStruct(e, "name", d.Name, "condition", d.Condition, "optional", d.Optional, "met", d.Met, "text", d.Text)
	}), err
}

// infoLists holds the slices of earlier calls of getAllProcessInfo for reuse.
var infoLists = sync.Pool{New: func() any { return new([]api.ProcessInfo) }}

func (s *Server) getAllProcessInfo(ctx context.Context, _ args) (result, error) {
	list := infoLists.Get().(*[]api.ProcessInfo)
	infos, err := s.ops.For(ctx).AllInfo((*list)[:0])
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

// configured is a process of the configuration that was read last, with the running state that getAllConfigInfo adds.
type configured struct {
	group          *config.Group
	process        *config.Process
	inUse          bool
	disabled       bool
	stdout, stderr string
}

func (s *Server) getAllConfigInfo(ctx context.Context, _ args) (result, error) {
	var all []configured
	ops := s.ops.For(ctx)
	err := ops.Read(func(v supervisor.View) error {
		for _, g := range v.Config().Groups {
			active := v.Group(g.Name)
			for _, p := range g.Processes {
				if !ops.OwnsName(g.Name, p.ProcessName) {
					continue
				}
				c := configured{group: g, process: p, inUse: active != nil, disabled: v.Disabled(g.Name, p.ProcessName)}
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
	members := new(configMembers)
	return array(all, func(e *xmlrpc.Encoder, c configured) {
		members.Encoder, members.configured = e, c
		members.write()
	}), err
}

// logName returns the log of a channel for getAllConfigInfo: its path, "auto" or "none".
func logName(l config.Log, live *process.Process, channel api.Channel) string {
	switch l.Kind {
	case config.LogFile:
		return l.Path
	case config.LogAuto:
		return cmp.Or(autoLog(live, channel), "auto")
	}
	return "none"
}

// autoLog returns the automatic log of a running process, empty if it has none or is nil.
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

// configMembers writes a configured process. It implements config.Members.
type configMembers struct {
	*xmlrpc.Encoder
	configured
}

func (m *configMembers) write() {
	m.BeginStruct()
	m.Encoder.Member("name")
	m.String(m.process.ProcessName)
	m.Encoder.Member("group")
	m.String(m.group.Name)
	m.Encoder.Member("group_prio")
	m.Int(m.group.Priority)
	m.Encoder.Member("inuse")
	m.Bool(m.inUse)
	m.process.Encode(m)
	if m.disabled {
		m.Encoder.Member("disabled")
		m.Bool(true)
	}
	m.EndStruct()
}

// Member begins a member. That of a log is written here, because only supervisord knows the path of an automatic one.
func (m *configMembers) Member(k *config.Key) bool {
	if k.Member == "" {
		return false
	}
	m.Encoder.Member(k.Member)
	switch k.Member {
	case "stdout_logfile":
		m.String(m.stdout)
		return false
	case "stderr_logfile":
		m.String(m.stderr)
		return false
	}
	return true
}

func (m *configMembers) Int(n int) { m.Encoder.Int(int64(n)) }
func (m *configMembers) None()     { m.String("none") }
func (m *configMembers) Ints(list []int) {
	array(list, func(e *xmlrpc.Encoder, n int) { e.Int(int64(n)) })(m.Encoder)
}
