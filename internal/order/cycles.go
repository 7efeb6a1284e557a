package order

import "slices"

// cutCycles removes the edges between units that depend on each other, and returns a shortest cycle of each such set.
func (g *Graph[U]) cutCycles(nodes []Node[U]) (cycles [][]U) {
	set := g.sets(nodes)
	for _, n := range nodes {
		u := n.Unit
		cut := func(on U) bool { return set[on] == set[u] }
		owned := false
		for i, item := range g.items[u] {
			if !slices.ContainsFunc(item.On, cut) {
				continue
			}
			if !owned { // nodes may share them
				g.items[u], owned = slices.Clone(g.items[u]), true
			}
			if !slices.ContainsFunc(cycles, func(c []U) bool { return set[c[0]] == set[u] }) {
				cycles = append(cycles, cycle(nodes, set, u))
			}
			g.items[u][i].On = slices.DeleteFunc(slices.Clone(item.On), cut)
		}
	}
	return cycles
}

// sets numbers the units so that those which depend on each other have the same number: the strongly connected
// components, by the algorithm of Tarjan.
func (g *Graph[U]) sets(nodes []Node[U]) map[U]int {
	set, index, low := map[U]int{}, map[U]int{}, map[U]int{}
	var stack []U
	var search func(U)
	search = func(u U) {
		index[u] = len(index) + 1
		low[u] = index[u]
		stack = append(stack, u)
		for _, i := range g.items[u] {
			for _, on := range i.On {
				if index[on] == 0 {
					search(on)
					low[u] = min(low[u], low[on])
				} else if set[on] == 0 {
					low[u] = min(low[u], index[on])
				}
			}
		}
		if low[u] == index[u] {
			for set[u] == 0 {
				last := len(stack) - 1
				set[stack[last]] = index[u]
				stack = stack[:last]
			}
		}
	}
	for _, n := range nodes {
		if index[n.Unit] == 0 {
			search(n.Unit)
		}
	}
	return set
}

// cycle returns a shortest way from u back to it, by the edges in nodes.
func cycle[U comparable](nodes []Node[U], set map[U]int, u U) []U {
	items := map[U][]Item[U]{}
	for _, n := range nodes {
		items[n.Unit] = n.Items
	}
	from := map[U]U{}
	for queue := []U{u}; ; queue = queue[1:] {
		at := queue[0]
		for _, i := range items[at] {
			for _, on := range i.On {
				if on == u {
					path := []U{at}
					for path[0] != u {
						path = slices.Insert(path, 0, from[path[0]])
					}
					return path
				}
				if _, seen := from[on]; !seen && set[on] == set[u] {
					from[on] = at
					queue = append(queue, on)
				}
			}
		}
	}
}
