package process

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Info is what clients see of the process at now. Source: getProcessInfo.
func (p *Process) Info(now time.Time) api.ProcessInfo {
	s := p.machine.State
	return api.ProcessInfo{
		Name:          p.Name(),
		Group:         p.Group,
		Start:         int(p.start),
		Stop:          int(p.stop),
		Now:           int(now.Unix()),
		State:         s,
		StateName:     s.String(),
		SpawnErr:      p.spawnErr,
		ExitStatus:    p.exitStatus,
		Logfile:       p.out.path,
		StdoutLogfile: p.out.path,
		StderrLogfile: p.err.path,
		PID:           p.pid,
		Description:   p.describe(now),
		More:          p.more(now),
	}
}

// describe is the text behind the state in status listings.
func (p *Process) describe(now time.Time) string {
	switch p.machine.State {
	case api.Running:
		buf := make([]byte, 0, 40)
		buf = append(buf, "pid "...)
		buf = strconv.AppendInt(buf, int64(p.pid), 10)
		buf = append(buf, ", uptime "...)
		return string(api.AppendUptime(buf, now.Unix()-p.start))
	case api.Fatal, api.Backoff:
		if p.spawnErr == "" {
			return fmt.Sprintf("unknown error (try \"tail %s\")", p.Name())
		}
		return p.spawnErr
	case api.Stopped, api.Exited:
		if waits := p.Gate().WaitsFor; waits != "" && p.machine.State == api.Stopped {
			return "waits for " + waits
		}
		if p.stop == 0 {
			return "Not started"
		}
		return time.Unix(p.stop, 0).Format("Jan 02 03:04 PM")
	}
	return ""
}
