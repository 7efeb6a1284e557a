package order

import "slices"

// Item is one dependency of a unit: all units On must meet the condition. Without any, it is met, unless it is Missing.
type Item[U comparable] struct {
	Name      string // of what it depends on, as configured
	Condition Condition
	Optional  bool // also met by a unit that does not come any more
	Missing   bool // nothing has the name any more
	On        []U
}

// String is the item as clients see it, such as "db:ready".
func (i Item[U]) String() string { return i.Name + ":" + i.Condition.String() }

// Equal reports whether two items are equal.
func (i Item[U]) Equal(other Item[U]) bool {
	return i.Name == other.Name && i.Condition == other.Condition && i.Optional == other.Optional && i.Missing == other.Missing &&
		slices.Equal(i.On, other.On)
}

// Met reports whether the item is met.
func (i Item[U]) Met(facts func(U) Facts) bool {
	if i.Missing {
		return i.Optional
	}
	return !slices.ContainsFunc(i.On, func(u U) bool { return !i.metBy(facts(u)) })
}

func (i Item[U]) metBy(f Facts) bool { return i.Condition.Met(f) || i.Optional && f.Gone }

// Lost reports whether none of the units meets the condition any more.
func (i Item[U]) Lost(facts func(U) Facts) bool {
	if i.Missing {
		return !i.Optional && i.Condition != Exited
	}
	return len(i.On) > 0 && !slices.ContainsFunc(i.On, func(u U) bool {
		f := facts(u)
		return !i.Condition.lost(f) || i.Optional && f.Gone
	})
}

// Node is a unit with its dependencies.
type Node[U comparable] struct {
	Unit  U
	Items []Item[U]
}

// Graph has the dependencies of units. The edges of cycles are not in it. A nil Graph has none.
type Graph[U comparable] struct {
	items      map[U][]Item[U]
	dependents map[U][]U
}

// New makes a graph of the nodes with dependencies, whose items must not be changed afterwards. Edges between units that depend on each other count for nothing. Of each set of
// such units one cycle is returned, in which each depends on the next and the last on the first.
func New[U comparable](nodes []Node[U]) (g *Graph[U], cycles [][]U) {
	g = &Graph[U]{items: make(map[U][]Item[U], len(nodes)), dependents: map[U][]U{}}
	for _, n := range nodes {
		g.items[n.Unit] = n.Items
	}
	cycles = g.cutCycles(nodes)
	for _, n := range nodes {
		known := map[U]bool{}
		for _, i := range g.items[n.Unit] {
			for _, on := range i.On {
				if !known[on] {
					known[on] = true
					g.dependents[on] = append(g.dependents[on], n.Unit)
				}
			}
		}
	}
	return g, cycles
}

// Items are the dependencies of u, in the order of the configuration.
func (g *Graph[U]) Items(u U) []Item[U] {
	if g == nil {
		return nil
	}
	return g.items[u]
}

// Open reports whether all dependencies of u are met, and returns those that are not.
func (g *Graph[U]) Open(u U, facts func(U) Facts) (met bool, unmet []Item[U]) {
	for _, i := range g.Items(u) {
		if !i.Met(facts) {
			unmet = append(unmet, i)
		}
	}
	return len(unmet) == 0, unmet
}

// Lost returns the first dependency of u that none of its units meets any more.
func (g *Graph[U]) Lost(u U, facts func(U) Facts) (i Item[U], lost bool) {
	for _, i := range g.Items(u) {
		if i.Lost(facts) {
			return i, true
		}
	}
	return i, false
}

// Dependents are the units that depend on u directly.
func (g *Graph[U]) Dependents(u U) []U {
	if g == nil {
		return nil
	}
	return g.dependents[u]
}

// Next returns the units that may stop now, in the order of the list: those on which no other of the list depends. The list has
// the units of a stop that have not stopped. There is always one.
func (g *Graph[U]) Next(stopping []U) []U {
	if g == nil {
		return stopping
	}
	in := make(map[U]bool, len(stopping))
	for _, u := range stopping {
		in[u] = true
	}
	var next []U
	for _, u := range stopping {
		if !slices.ContainsFunc(g.dependents[u], func(d U) bool { return in[d] }) {
			next = append(next, u)
		}
	}
	return next
}
