package config

import (
	"reflect"
	"slices"
	"strings"
)

// GroupChange is what differs between a group as it is configured and the same group in a reading.
type GroupChange struct {
	Replaces []string   // keys for which the group must be removed and added; none: that is not needed
	InPlace  []string   // keys of the group and its pool
	Added    []*Process // in the order of the reading
	Removed  []*Process // in the order of the group
	Stay     []Pair     // in the order of the reading, also those that are equal
}

// Pair is a process as it is configured, and in a reading.
type Pair struct{ Configured, Read *Process }

// Changes is Compare for two groups of the same name, with the keys.
func (g *Group) Changes(read *Group) (c GroupChange) {
	c.members(g, read)
	if g.kind() != read.kind() || (g.Plugin == nil) != (read.Plugin == nil) {
		c.Replaces = []string{"section"}
		return c
	}
	c.group(keysBetween(groupKeys, named(g), named(read)))
	switch {
	case (g.Pool == nil) != (read.Pool == nil):
		c.Replaces = append(c.Replaces, "events")
	case g.Pool != nil:
		c.group(keysBetween(g.poolKeys(), g.Pool, read.Pool))
	}
	if g.Plugin != nil {
		c.group(keysBetween(pluginKeys, g.Plugin, read.Plugin))
	}
	for _, p := range slices.Concat(c.Added, c.Removed) {
		if p.HandlesResults {
			c.Replaces = append(c.Replaces, handlerKey.Name)
		}
	}
	for _, p := range c.Stay {
		c.replaces(p.Configured, p.Read)
	}
	if c.Added == nil && c.Removed == nil && c.InPlace == nil && !slices.ContainsFunc(c.Stay, Pair.Differs) && !g.Equal(read) {
		c.InPlace = []string{"programs"} // in another order
	}
	return c
}

// members finds the processes that come, go and stay.
func (c *GroupChange) members(g, read *Group) {
	before := make(map[string]*Process, len(g.Processes))
	for _, p := range g.Processes {
		before[p.ProcessName] = p
	}
	stays := make(map[string]bool, len(read.Processes))
	for _, p := range read.Processes {
		if was := before[p.ProcessName]; was != nil {
			c.Stay, stays[p.ProcessName] = append(c.Stay, Pair{was, p}), true
		} else {
			c.Added = append(c.Added, p)
		}
	}
	for _, p := range g.Processes {
		if !stays[p.ProcessName] {
			c.Removed = append(c.Removed, p)
		}
	}
}

// group adds keys of the group. Those that say which processes there are show in its processes.
func (c *GroupChange) group(changed []*Key) {
	for _, k := range changed {
		switch k.Update {
		case inPlace:
			c.InPlace = append(c.InPlace, k.Name)
		case replaces:
			c.Replaces = append(c.Replaces, k.Name)
		}
	}
}

// replaces adds the keys of a process for which its group must be replaced.
func (c *GroupChange) replaces(p, read *Process) {
	switch {
	case p.HandlesResults != read.HandlesResults:
		c.Replaces = append(c.Replaces, handlerKey.Name)
	case (p.Socket == nil) != (read.Socket == nil):
		c.Replaces = append(c.Replaces, "section")
	case !p.Socket.equal(read.Socket):
		names := namesOf(keysBetween(socketKeys, p.Socket, read.Socket))
		if names == nil {
			names = []string{"socket_owner"}
		}
		for _, name := range names {
			if !slices.Contains(c.Replaces, name) { // each process of a program has them
				c.Replaces = append(c.Replaces, name)
			}
		}
	}
}

// Differs reports whether anything has changed.
func (p Pair) Differs() bool { return p.Configured != p.Read && !p.Configured.equal(p.Read) }

// Keys returns the names of the keys that differ: those that count at once, and those that a child of Configured keeps until its end.
func (p Pair) Keys() (inPlace, restart []string) {
	for _, k := range keysBetween(processKeys, p.Configured, p.Read) {
		if p.atOnce(k) {
			inPlace = append(inPlace, k.Name)
		} else if name := k.Name; name == "command" && p.Read.HandlesResults {
			restart = append(restart, handlerKey.Name)
		} else {
			restart = append(restart, name)
		}
	}
	return inPlace, restart
}

// atOnce reports whether a changed value of a key counts while the child goes on.
func (p Pair) atOnce(k *Key) bool {
	return k.Update == inPlace && !(k.Name == watchdogKey && p.watchedMore()) && !(p.entersCgroup() && p.isOfCgroup(k))
}

// entersCgroup reports whether the program has got its first key for which its processes have cgroups. They are started in them.
func (p Pair) entersCgroup() bool {
	return !p.Configured.Extra.UsesCgroup() && p.Read.Extra.UsesCgroup()
}

// isOfCgroup reports whether the processes of the program have cgroups for the value of a key.
func (p Pair) isOfCgroup(k *Key) bool {
	return IsCgroupLimit(k.Name) || k.Name == killModeKey && p.Read.Extra.KillsCgroup()
}

// watchedMore reports whether the child would have to report more often than it was asked to when it was started.
func (p Pair) watchedMore() bool {
	watchdog := func(p *Process) int64 {
		if p.Extra == nil {
			return 0
		}
		return int64(p.Extra.Notify.Watchdog)
	}
	before, after := watchdog(p.Configured), watchdog(p.Read)
	return after > 0 && (before == 0 || after < before)
}

// Kept returns what a process with a child of Configured has until that has ended: the values of Read, but of keys with which the child
// was started, and of those in later, those of Configured. It is Read itself if these are the same.
func (p Pair) Kept(later ...string) *Process {
	takes := func(k *Key) bool { return p.atOnce(k) && !slices.Contains(later, k.Name) }
	if !slices.ContainsFunc(keysBetween(processKeys, p.Configured, p.Read), func(k *Key) bool { return !takes(k) }) {
		return p.Read
	}
	kept, program := *p.Configured, *p.Configured.Program
	kept.Program = &program
	if p.Configured.Extra != nil {
		extra := *p.Configured.Extra
		kept.Extra = &extra
	} else if p.Read.Extra != nil {
		kept.Extra = newExtra()
	}
	for _, r := range processKeys {
		if takes(r.key()) && !r.same(&kept, p.Read) {
			r.assign(&kept, p.Read)
		}
	}
	if kept.Extra != nil {
		p.keepTexts(&kept)
		if !slices.ContainsFunc(dependKeys, func(r row[Process]) bool { return !r.same(&kept, p.Read) }) {
			kept.Extra.Depends = defaults.Depends // what the entries mean may differ if the texts are the same
			if p.Read.Extra != nil {
				kept.Extra.Depends = p.Read.Extra.Depends
			}
		}
	}
	return &kept
}

// keepTexts gives kept, whose values are partly those of Read, the texts of these.
func (p Pair) keepTexts(kept *Process) {
	left := namesOf(keysBetween(processKeys, kept, p.Read))
	kept.Extra.set = nil
	for _, from := range []*Process{p.Configured, p.Read} {
		if from.Extra == nil {
			continue
		}
		for _, s := range from.Extra.set {
			if slices.Contains(left, s.key.Name) == (from == p.Configured) {
				kept.Extra.set = append(kept.Extra.set, s)
			}
		}
	}
}

// keysBetween returns the keys in which a and b differ, in the order of their table.
func keysBetween[S any](rows []row[S], a, b *S) (keys []*Key) {
	for _, r := range rows {
		if k := r.key(); k.Update.concernsGroups() && !r.same(a, b) {
			keys = append(keys, k)
		}
	}
	return keys
}

func namesOf(keys []*Key) (names []string) {
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names
}

// KeyList is a list of names of keys as clients see it.
func KeyList(names []string) string { return strings.Join(names, ", ") }

// assign gives to the value of from.
func (r *keyOf[S, T]) assign(to, from *S) {
	if r.Field != nil {
		*r.Field(to) = *r.Field(from)
	}
}

// assign gives to, whose parts may belong to others, the value of from.
func (r *extraKey[T]) assign(to, from *Process) {
	if r.part != nil {
		r.part.copy(to.Extra)
	}
	*r.Field(to.Extra) = r.value(from)
}

// assign gives to all steps of from: each key of this kind is one of them.
func (r *limitKey[T]) assign(to, from *Process) { to.Limits = from.Limits }

// Notifications returns the keys of a process about notifications. Without an Extra they have their defaults.
func (p *Process) Notifications() *Notify {
	if p.Extra == nil {
		return defaults.Notify
	}
	return p.Extra.Notify
}

// SameChecks reports whether two processes have the same health checks.
func (p *Process) SameChecks(other *Process) bool {
	return reflect.DeepEqual(p.checks(), other.checks())
}

func (p *Process) checks() HealthChecks {
	if p.Extra == nil {
		return HealthChecks{}
	}
	return p.Extra.Checks
}
