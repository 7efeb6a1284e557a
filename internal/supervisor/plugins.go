package supervisor

import (
	"os"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/process"
)

// plugins are the plug-ins by the name of their methods.
type plugins map[string]*plugin.Plugin

// openPlugin makes the plug-in of the group, if it is one.
func (l *Loop) openPlugin(g *Group) (err error) {
	if g.Config.Plugin == nil {
		return nil
	}
	g.plugin, err = plugin.New(l.pluginOptions(g))
	if err == nil && g.pool != nil {
		g.plugin.Subscribe(g.pool)
	}
	return err
}

func (l *Loop) pluginOptions(g *Group) plugin.Options {
	return plugin.Options{Name: g.Name(), Config: g.Config.Plugin, Identifier: l.shared.Identifier,
		Dirs: []string{l.shared.AutoLogDir, os.TempDir()}, Events: &l.shared.Events, Log: l.log}
}

// pluginRole is the role of a process of the group's plug-in.
func (l *Loop) pluginRole(g *Group, c *config.Process) process.Role {
	r := process.Role{Socket: g.plugin.Socket, ExtraEnv: l.options.ListenerEnv}
	if c.Run.ServerURL == "" {
		r.ExtraEnv = l.credentials
	}
	if len(g.Config.Plugin.EventTypes) > 0 {
		r.Captured = g.plugin.EmitCaptured
	}
	return r
}

// storePlugins makes the plug-ins of the active groups known to other goroutines.
func (l *Loop) storePlugins() {
	var all plugins
	for _, g := range l.groups {
		if g.plugin != nil {
			if all == nil {
				all = plugins{}
			}
			all[g.Name()] = g.plugin
		}
	}
	l.handle.plugins.Store(&all)
}

// changed is called after each change of state or deadline of a process.
func (l *Loop) changed(p *process.Process) {
	l.timers.Set(p)
	p.NoteChange()
	if l.recycles != nil {
		l.recycleChanged(p)
	}
	if l.leaving != nil {
		l.leavingChanged(p)
	}
	if all := l.handle.Plugins(); all != nil && all[p.Group] != nil {
		l.updateAvailability(p, all[p.Group])
	}
	for _, w := range l.watches {
		w.add(p)
	}
	if l.depends != nil {
		l.depends.processChanged(p)
	}
	l.activationChanged()
	if l.schedules != nil {
		l.schedules.changed(p)
	}
}

// updateAvailability notifies a plug-in whether it has a process that answers: one that runs, or that listens soon.
func (l *Loop) updateAvailability(p *process.Process, x *plugin.Plugin) {
	answers := func(p *process.Process) bool { return p.State() == api.Starting || p.State() == api.Running }
	if p.State() == api.Starting {
		x.ProcessChanged()
	}
	for _, other := range l.Group(p.Group).Processes {
		if answers(other) {
			x.Up()
			return
		}
	}
	x.Down(p.State().String())
}

// credentials are what a plug-in needs to call the server whose URL it gets. A password that is configured as a hash is not
// known.
func credentials(servers []config.Server) map[string]string {
	url := serverURL(servers)
	for _, srv := range servers {
		if srv.URL() == url && srv.Username != "" {
			if hash, _ := access.IsHash(srv.Password); hash {
				continue
			}
			return map[string]string{"SUPERVISOR_USERNAME": srv.Username, "SUPERVISOR_PASSWORD": srv.Password}
		}
	}
	return nil
}
