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
	var measured []process.Measures
	var listed time.Time
	var sources config.Sources
	err := h.sup.Read(func(view supervisor.View) {
		all := view.Processes()
		v.Processes, measured = make([]metrics.Process, 0, len(all)), make([]process.Measures, 0, len(all))
		for _, p := range all {
			if name := p.Name(); q.matches(p.Group, name) && ops.OwnsName(p.Group, name) {
				measured = append(measured, p.Measures())
				v.Processes = append(v.Processes, metrics.Process{Group: p.Group, Name: name})
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
	for i := range measured {
		fill(&v.Processes[i], &measured[i])
	}
	if q.parts&metrics.Daemon != 0 {
		h.own(v)
		v.Changed = metrics.Unknown
		if sources.At != 0 {
			v.Read, v.Changed = time.UnixMilli(sources.At), h.files.changed(&sources, listed)
		}
	}
	if q.parts&metrics.Resources != 0 && h.Resources != config.NoResources {
		h.resources(v, measured, listed)
	}
	return v, nil
}

// fill fills in what was measured of a process.
func fill(p *metrics.Process, m *process.Measures) {
	p.State, p.Start, p.HasExit, p.ExitCode, p.Failures = int(m.State), m.Start, m.HasExit, m.ExitCode, m.Failures
	p.Healthy, p.CPU, p.RSS, p.FDs, p.Threads, p.Processes = metrics.Unknown, metrics.Unknown, metrics.Unknown, metrics.Unknown, metrics.Unknown, metrics.Unknown
	p.Starts, p.Restarts = uint64(m.Counts.Starts), uint64(m.Counts.Restarts)
	p.Expected, p.Unexpected = uint64(m.Counts.Expected), uint64(m.Counts.Unexpected)
	for _, channel := range api.Channels {
		o := m.Output(channel)
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
}

// resources adds what children use. What is unknown is unknown in both packages.
func (h *Handler) resources(v *metrics.Values, measured []process.Measures, listed time.Time) {
	children := make([]proc.Child, len(measured))
	for i := range measured {
		children[i] = measured[i].Child
	}
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
