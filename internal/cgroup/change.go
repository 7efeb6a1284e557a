package cgroup

import "slices"

// Change is other limits for a cgroup in which processes run.
type Change struct {
	group   *Group
	from    []Setting
	to      []Setting
	writes  []Setting // the files that differ
	refused Errors    // whose controller could not be enabled
}

// Change prepares to have a cgroup, which has some limits, have others. The controllers are enabled, and nothing is written.
func (g *Group) Change(from, to []Setting) *Change {
	c := &Change{group: g, from: from, to: to}
	for _, s := range to {
		if before, ok := find(from, s.File); ok && before.Value == s.Value {
			continue
		}
		if err := g.allow(s); err != nil {
			c.refused = append(c.refused, &Error{s.File, err})
			continue
		}
		c.writes = append(c.writes, s)
	}
	for _, s := range from {
		initial, known := find(unlimited, s.File)
		if _, stays := find(to, s.File); !stays && known {
			c.writes = append(c.writes, Setting{s.File, initial.Value, s.Optional})
		}
	}
	return c
}

// To is what the cgroup is to limit.
func (c *Change) To() []Setting { return c.to }

// Write sets the limits, and returns those that could not be set, which remain as they were. It may be called from any goroutine, but not in
// the loop: before a lower limit of memory counts, the kernel takes memory back, which takes seconds if it has to be written to a disk,
// or ends a process.
func (c *Change) Write() Errors {
	places := c.group.tree.writers
	places <- struct{}{}
	defer func() { <-places }()
	refused := slices.Clone(c.refused)
	for _, s := range c.writes {
		if err := c.group.tree.system.WriteThrough(c.group.file(s.File), s.Value); err != nil && !s.Optional {
			refused = append(refused, &Error{s.File, err})
		}
	}
	return refused
}

// Reached is what the cgroup limits after Write: what was refused is as before.
func (c *Change) Reached(refused Errors) (list []Setting) {
	for _, s := range c.to {
		before, had := find(c.from, s.File)
		switch {
		case !refused.has(s.File):
			list = append(list, s)
		case had:
			list = append(list, before)
		}
	}
	for _, s := range c.from {
		if _, stays := find(c.to, s.File); !stays && refused.has(s.File) {
			list = append(list, s)
		}
	}
	return list
}

func (e Errors) has(file string) bool {
	return slices.ContainsFunc(e, func(err *Error) bool { return err.File == file })
}
