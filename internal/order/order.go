// Package order decides what may start and what must stop first, given priorities, dependencies and states. It is pure: it starts
// and stops nothing, and any goroutine may call it. Rules is the order by priority alone; a Graph has the dependencies, which a
// priority never overrides.
package order

import (
	"cmp"
	"slices"
)

// Rules say how units of one kind, such as processes or groups, are ordered by priority: the lower one starts first, and of
// equal ones the first in the list.
type Rules[U comparable] struct {
	Priority func(U) int
}

// Insert adds u to units that are in ascending priority, as the last of its own.
func (r Rules[U]) Insert(units []U, u U) []U {
	at, _ := slices.BinarySearchFunc(units, r.Priority(u), func(other U, priority int) int {
		return cmp.Or(cmp.Compare(r.Priority(other), priority), -1)
	})
	return slices.Insert(units, at, u)
}

// Descending is units by descending priority, equal ones in the order of the list: the order in which a request stops them.
func (r Rules[U]) Descending(units []U) []U {
	sorted := slices.Clone(units)
	slices.SortStableFunc(sorted, func(a, b U) int { return cmp.Compare(r.Priority(b), r.Priority(a)) })
	return sorted
}

// Sort returns units in the order in which they start.
func (r Rules[U]) Sort(units []U) []U {
	sorted := slices.Clone(units)
	slices.SortStableFunc(sorted, func(a, b U) int { return cmp.Compare(r.Priority(a), r.Priority(b)) })
	return sorted
}
