package supervisor

import (
	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/config"
)

// needCgroups returns the cgroups of the programs that want some.
func (l *Loop) needCgroups() *cgroup.Tree {
	if l.cgroups == nil {
		l.cgroups = cgroup.New(l.cgroupOptions())
	}
	return l.cgroups
}

func (l *Loop) cgroupOptions() cgroup.Options {
	return cgroup.Options{Setting: l.options.Config.Supervisord.Cgroup, Launcher: l.options.Launcher, System: l.options.Cgroups, Send: l.send,
		Log: func(text string) { l.log.Infof("%s", text) }}
}

// openCgroups opens the cgroups for a process that is added, before anything else of its group is started: supervisord may have to
// leave its cgroup, with all its children. Why there are none is logged when a process is started.
func (l *Loop) openCgroups(c *config.Process) {
	if c.Extra.UsesCgroup() {
		_ = l.needCgroups().Open()
	}
}

// closeCgroups ends what waits for the end of processes in cgroups.
func (l *Loop) closeCgroups() {
	if l.cgroups != nil {
		l.cgroups.Close()
	}
}

// cgroupsLeft are the names of the processes that have left others in their cgroups, for which a shutdown waits.
func (l *Loop) cgroupsLeft() (names []string) {
	if l.cgroups == nil {
		return nil
	}
	for _, p := range l.Processes() {
		if p.CgroupLeft() {
			names = append(names, p.Name()+": cgroup")
		}
	}
	return names
}
