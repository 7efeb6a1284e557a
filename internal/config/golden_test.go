package config

import (
	"sort"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
)

type object = map[string]any

// goldenMembers collects the values of keys under their names.
type goldenMembers struct {
	object
	name string
}

func (m *goldenMembers) Member(k *Key) bool {
	m.name = k.Name
	return k.Since != Ours
}
func (m *goldenMembers) Int(n int)       { m.object[m.name] = n }
func (m *goldenMembers) Bool(b bool)     { m.object[m.name] = b }
func (m *goldenMembers) String(s string) { m.object[m.name] = s }
func (m *goldenMembers) Ints(n []int)    { m.object[m.name] = append([]int{}, n...) }
func (m *goldenMembers) None()           { m.object[m.name] = nil }

// goldenOf converts a configuration to the form of the recordings.
func goldenOf(c *Config) object {
	s := c.Supervisord
	supervisord := object{}
	c.Supervisord.Encode(&goldenMembers{object: supervisord})
	supervisord["user"], supervisord["environment"] = nil, nil // the recordings do not have the latter
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
	if class == "FastCGI" {
		class += "Process"
	}
	shown := object{}
	p.Encode(&goldenMembers{object: shown})
	shown["_class"], shown["name"], shown["environment"] = class+"Config", p.ProcessName, p.Run.Environment
	shown["uid"] = shown["user"]
	for _, ours := range []string{"process_name", "user"} {
		delete(shown, ours)
	}
	switch p.Exit.Restart {
	case RestartAlways:
		shown["autorestart"] = "RestartUnconditionally"
	case RestartUnexpected:
		shown["autorestart"] = "RestartWhenExitUnexpected"
	}
	for _, log := range []string{"stdout_logfile", "stderr_logfile"} {
		if shown[log] == "auto" {
			shown[log] = "Automatic"
		}
	}
	return shown
}
