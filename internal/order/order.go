// Package order decides what may start and what must stop first, given priorities, needs and states. It is pure: it starts
// and stops nothing, and any goroutine may call it.
package order

import (
	"cmp"
	"slices"
)

// Rules say how units of one kind, such as processes or groups, are ordered. What a unit needs starts before it and stops
// after it; a priority never overrides that. Among others the lower priority starts first, and of equal ones the first in
// the list.
type Rules[U comparable] struct {
	Priority func(U) int
	Needs    func(U) []U  // nil: no unit needs another
	Up       func(U) bool // whether those that need it may start; not used without Needs
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

// Sort returns units in the order in which they start. Cycle is a list of units each of which needs the next one, the last
// one the first; if it is not empty the units of the cycle, and all that need them, are at the end by priority.
func (r Rules[U]) Sort(units []U) (sorted, cycle []U) {
	waiting := slices.Clone(units)
	slices.SortStableFunc(waiting, func(a, b U) int { return cmp.Compare(r.Priority(a), r.Priority(b)) })
	if r.Needs == nil {
		return waiting, nil
	}
	left := make(map[U]bool, len(units))
	for _, u := range units {
		left[u] = true
	}
	for len(waiting) > 0 {
		i := slices.IndexFunc(waiting, func(u U) bool { return !slices.ContainsFunc(r.Needs(u), in(left)) })
		if i < 0 {
			return append(sorted, waiting...), r.cycle(waiting[0], left)
		}
		sorted = append(sorted, waiting[i])
		delete(left, waiting[i])
		waiting = slices.Delete(waiting, i, i+1)
	}
	return sorted, nil
}

// cycle follows the needs of u, each of which has a need that is left, until one comes twice.
func (r Rules[U]) cycle(u U, left map[U]bool) []U {
	var path []U
	for {
		if i := slices.Index(path, u); i >= 0 {
			return path[i:]
		}
		path = append(path, u)
		needs := r.Needs(u)
		u = needs[slices.IndexFunc(needs, in(left))]
	}
}

// NextStart is the index of the first of the units that wait to be started which may start now: all that it needs is up.
// It is -1 if there is none.
func (r Rules[U]) NextStart(waiting []U) int {
	return slices.IndexFunc(waiting, func(u U) bool {
		return r.Needs == nil || !slices.ContainsFunc(r.Needs(u), func(need U) bool { return !r.Up(need) })
	})
}

// NextStop is the index of the unit that stops next, of those that have not stopped yet in the order in which they start:
// the last one that no other of them needs. It is -1 if there is none; of a cycle it is the last.
func (r Rules[U]) NextStop(running []U) int {
	if r.Needs != nil {
		needed := map[U]bool{}
		for _, u := range running {
			for _, need := range r.Needs(u) {
				needed[need] = true
			}
		}
		for i, u := range slices.Backward(running) {
			if !needed[u] {
				return i
			}
		}
	}
	return len(running) - 1
}

func in[U comparable](set map[U]bool) func(U) bool { return func(u U) bool { return set[u] } }
