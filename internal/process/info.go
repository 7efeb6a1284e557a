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
		return string(appendUptime(buf, now.Unix()-p.start))
	case api.Fatal, api.Backoff:
		if p.spawnErr == "" {
			return fmt.Sprintf("unknown error (try \"tail %s\")", p.Name())
		}
		return p.spawnErr
	case api.Stopped, api.Exited:
		if p.stop == 0 {
			return "Not started"
		}
		return time.Unix(p.stop, 0).Format("Jan 02 03:04 PM")
	}
	return ""
}

// appendUptime appends a number of seconds as "0:00:05", "1 day, 0:00:05" or "10 days, 1:01:01".
func appendUptime(buf []byte, secs int64) []byte {
	secs = max(secs, 0)
	if days := secs / 86400; days > 0 {
		buf = strconv.AppendInt(buf, days, 10)
		buf = append(buf, " day"...)
		if days > 1 {
			buf = append(buf, 's')
		}
		buf = append(buf, ", "...)
	}
	buf = strconv.AppendInt(buf, secs%86400/3600, 10)
	for _, n := range [...]int64{secs % 3600 / 60, secs % 60} {
		buf = append(buf, ':', byte('0'+n/10), byte('0'+n%10))
	}
	return buf
}
