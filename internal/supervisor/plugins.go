package supervisor

import (
	"os"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/process"
)

// plugins are the plug-ins by the name of their methods.
type plugins map[string]*plugin.Plugin

// openPlugin makes the plug-in of the group, if it is one.
func (s *Supervisor) openPlugin(g *Group) (err error) {
	if g.Config.Plugin == nil {
		return nil
	}
	g.plugin, err = plugin.New(plugin.Options{
		Name: g.Name(), Config: g.Config.Plugin, Identifier: s.host.Identifier, Dirs: []string{s.host.AutoLogDir, os.TempDir()},
		Events: &s.host.Events, Log: s.log,
	})
	if err == nil && g.pool != nil {
		g.plugin.Subscribe(g.pool)
	}
	return err
}

// extend makes p a process of the group's plug-in.
func (s *Supervisor) extend(p *process.Process, g *Group) {
	p.Serve(g.plugin.Socket)
	if p.Config.ServerURL == "" {
		p.Tell(s.credentials)
	}
	if len(g.Config.Plugin.EventTypes) > 0 {
		p.Emits(g.plugin.Captured)
	}
}

// publish lets other goroutines know which plug-ins there are.
func (s *Supervisor) publish() {
	var all plugins
	for _, g := range s.groups {
		if g.plugin != nil {
			if all == nil {
				all = plugins{}
			}
			all[g.Name()] = g.plugin
		}
	}
	s.plugins.Store(&all)
}

// Plugins are the plug-ins of the active groups by the name of their methods. It may be called in any goroutine; nobody
// changes the map.
func (s *Supervisor) Plugins() map[string]*plugin.Plugin { return *s.plugins.Load() }

// changed follows a process's change of state or deadline.
func (s *Supervisor) changed(p *process.Process) {
	s.schedule(p)
	if all := s.Plugins(); all != nil && all[p.Group] != nil {
		s.follow(p, all[p.Group])
	}
	for _, w := range s.watches {
		w.note(p)
	}
}

// follow tells a plug-in whether it has a process that answers: one that runs, or listens soon.
func (s *Supervisor) follow(p *process.Process, x *plugin.Plugin) {
	answers := func(p *process.Process) bool { return p.State() == api.Starting || p.State() == api.Running }
	if p.State() == api.Starting {
		x.Renew()
	}
	for _, other := range s.Group(p.Group).Processes {
		if answers(other) {
			x.Up()
			return
		}
	}
	x.Down(p.State().String())
}

// credentials are what a plug-in needs to call the server whose URL it gets. A password of which there is only a hash
// cannot be told.
func credentials(servers []config.Server) map[string]string {
	url := serverURL(servers)
	for _, srv := range servers {
		if srv.URL() == url && srv.Username != "" && !strings.HasPrefix(srv.Password, "{SHA}") {
			return map[string]string{"SUPERVISOR_USERNAME": srv.Username, "SUPERVISOR_PASSWORD": srv.Password}
		}
	}
	return nil
}
