package process

import (
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/config"
)

// liveLimits are those of the keys whose values are limits of the cgroup in which the child is.
func (p *Process) liveLimits(keys []string) (limits []string) {
	if c := p.cgroup(); c == nil || !c.used {
		return nil
	}
	for _, key := range keys {
		if config.IsCgroupLimit(key) {
			limits = append(limits, key)
		}
	}
	return limits
}

// limitFile is the file of a cgroup by which the kernel limits what a key says.
func limitFile(key string) string { return strings.Replace(key, "_", ".", 1) }

// limit has the cgroup of the child have the limits that are configured. A goroutine writes them, because the kernel may have to take
// memory back first; one change follows the other. The limits of a program that is to have a cgroup again count from the next start.
func (p *Process) limit(now time.Time) {
	c := p.cgroup()
	if c == nil || !c.used || c.change != nil {
		return
	}
	next := p.Configured().Extra
	if next.UsesCgroup() && !p.Config.Extra.UsesCgroup() {
		return
	}
	to := cgroupSettings(next)
	if slices.Equal(c.written, to) {
		if p.deferred() != nil {
			p.useLimits(nil, now)
		}
		return
	}
	change := c.group.Change(c.written, to)
	c.change, c.remade, c.refused = change, false, ""
	go func() {
		refused := change.Write()
		p.shared.Helpers.Send(func(now time.Time) { c.limited(refused, now) })
	}()
}

// limited takes the end of a change: the limits that have been set are in use from now on, those that were refused from the next start.
func (c *cgrouped) limited(refused cgroup.Errors, now time.Time) {
	p, change := c.process, c.change
	c.change = nil
	p.wakeWaiters()
	if !c.used {
		_ = c.group.Remove() // one in which something is left stays
		return
	}
	if c.remade { // which of both has been written last is not known
		c.written, c.remade = change.To(), false
		p.limit(now)
		return
	}
	c.written = change.Reached(refused)
	if !slices.Equal(change.To(), cgroupSettings(p.Configured().Extra)) { // another one has come meanwhile
		p.limit(now)
		return
	}
	var texts []string
	for _, e := range refused {
		texts = append(texts, e.Of(p.Name()))
		p.Log().Warnf("%s; the new value counts from the next start", e.Of(p.Name()))
	}
	c.refused = strings.Join(texts, ", ")
	p.useLimits(refused, now)
}

// useLimits has the configuration in use have the limits that are configured, but those that were refused.
func (p *Process) useLimits(refused cgroup.Errors, now time.Time) {
	to := p.Configured()
	pair := config.Pair{Configured: p.Config, Read: to}
	later := slices.DeleteFunc(slices.Concat(pair.Keys()), func(key string) bool {
		return config.IsCgroupLimit(key) && !slices.ContainsFunc(refused, func(e *cgroup.Error) bool { return e.File == limitFile(key) })
	})
	p.use(pair.Kept(later...), now)
	p.later(to, later)
	p.shared.Changed(p)
}

// Limiting reports whether limits of the cgroup are being changed.
func (p *Process) Limiting() bool { c := p.cgroup(); return c != nil && c.change != nil }

// LimitsRefused is why limits could not be changed in place, empty if they could.
func (p *Process) LimitsRefused() string {
	if c := p.cgroup(); c != nil && p.deferred() != nil {
		return c.refused
	}
	return ""
}
