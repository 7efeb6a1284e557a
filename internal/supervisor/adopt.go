package supervisor

import (
	"os"
	"time"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/process"
)

// launcher handles the exit of a child that is not the process of its program any more.
type launcher struct{ process *process.Process }

// Reaped implements owner.
func (o launcher) Reaped(e child.Exit, now time.Time) { o.process.LauncherEnded(e, now) }

// adopt has the exit of another process handled as that of a program, whose child has started it. Problem is empty, or says why that
// is impossible. The exit of a process can be seen only by its parent, which is this one when the child has ended.
func (l *Loop) adopt(p *process.Process, pid int) (problem string) {
	if !l.options.Config.Supervisord.Subreaper && os.Getpid() != 1 {
		return "which cannot be watched without subreaper=true"
	}
	_, taken := l.children[pid]
	orphan := func(pid int) bool { _, owned := l.children[pid]; return !owned }
	uid := os.Geteuid()
	if user := p.Config.Run.User; user != nil {
		uid = user.UID
	}
	if taken || !descends(pid, p.PID(), uid, orphan) {
		return "which is no process that it has started"
	}
	if _, lives := l.children[p.PID()]; lives {
		l.children[p.PID()] = ownedChild{launcher{p}, p}
	}
	l.own(pid, p, p)
	return ""
}
