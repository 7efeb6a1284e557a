package scrape

import (
	"context"
	"maps"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/metrics"
	"github.com/gosupervisor/supervisor/internal/proc"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// values collects the measurements that a client wants. They are there during a shutdown, too.
func (h *Handler) values(ctx context.Context, q query) (*metrics.Values, error) {
	v := &metrics.Values{Version: api.Version, GoVersion: runtime.Version(), Identifier: h.ops.Identifier(), Start: h.Started, State: int(h.sup.State())}
	ops := h.ops.For(ctx)
	var children []proc.Child
	var listed time.Time
	var sources config.Sources
	err := h.sup.Read(func(view supervisor.View) {
		all := view.Processes()
		v.Processes, children = make([]metrics.Process, 0, len(all)), make([]proc.Child, 0, len(all))
		for _, p := range all {
			if name := p.Name(); q.matches(p.Group, name) && ops.OwnsName(p.Group, name) {
				m := p.Measures()
				v.Processes = append(v.Processes, processValues(p.Group, name, &m))
				children = append(children, m.Child)
			}
		}
		for _, s := range view.Pools() {
			v.Pools = append(v.Pools, metrics.Pool{Name: s.Pool, Queued: s.Queued, Events: s.Events, Dropped: s.Dropped, Rejected: s.Rejected})
		}
		sources = view.Config().Sources
		listed = time.Now()
	})
	if err != nil {
		return nil, err
	}
	if q.parts&metrics.Daemon != 0 {
		h.own(v)
		v.Changed = metrics.Unknown
		if sources.At != 0 {
			v.Read, v.Changed = time.UnixMilli(sources.At), h.files.changed(&sources, listed)
		}
	}
	if q.parts&metrics.Resources != 0 && h.Resources != config.NoResources {
		h.resources(v, children, listed)
	}
	return v, nil
}

func processValues(group, name string, m *process.Measures) metrics.Process {
	p := metrics.Process{Group: group, Name: name, State: int(m.State), Start: m.Start, HasExit: m.HasExit, ExitCode: m.ExitCode, Failures: m.Failures,
		Healthy: metrics.Unknown, CPU: metrics.Unknown, RSS: metrics.Unknown, FDs: metrics.Unknown, Threads: metrics.Unknown, Processes: metrics.Unknown}
	p.Starts, p.Restarts = uint64(m.Counts.Starts), uint64(m.Counts.Restarts)
	p.Expected, p.Unexpected = uint64(m.Counts.Expected), uint64(m.Counts.Unexpected)
	for channel, o := range m.Output {
		p.Logged[channel], p.Lost[channel] = uint64(o.Logged), uint64(o.Lost)
	}
	for _, why := range slices.Sorted(maps.Keys(m.Recycled)) {
		p.Recycles = append(p.Recycles, metrics.Recycles{Reason: string(why), Number: uint64(m.Recycled[why])})
	}
	switch m.Health {
	case check.Healthy:
		p.Healthy = 1
	case check.Unhealthy:
		p.Healthy = 0
	}
	return p
}

// resources adds what children use. What is unknown is unknown in both packages.
func (h *Handler) resources(v *metrics.Values, children []proc.Child, listed time.Time) {
	for i, u := range h.sup.Usage().Read(children, listed, proc.What{Tree: h.Resources == config.ResourcesOfTree}) {
		p := &v.Processes[i]
		p.CPU, p.RSS, p.FDs, p.Threads, p.Processes = u.CPU, u.RSS, u.FDs, u.Threads, u.Processes
	}
}

// own adds what is measured of supervisord itself.
func (h *Handler) own(v *metrics.Values) {
	now := time.Now()
	u := h.sup.Usage().Read([]proc.Child{{PID: os.Getpid()}}, now, proc.What{})[0]
	v.RSS, v.FDs, v.CPU, v.MaxFDs = u.RSS, u.FDs, metrics.Unknown, metrics.Unknown
	var spent syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &spent) == nil {
		v.CPU = time.Duration(spent.Utime.Nano() + spent.Stime.Nano())
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && int64(limit.Cur) >= 0 {
		v.MaxFDs = int64(limit.Cur)
	}
	if h.Servers != nil {
		v.Servers = h.Servers()
	}
}
