// Package budget says how much clients and children may make supervisord hold: descriptors, connections and bytes. Every
// such limit is a row of All, which docs/security.md prints. It never waits; any goroutine may call it.
package budget

import (
	"slices"
	"sync/atomic"
)

// Budget is a limit and what is held of it. Its unit is that of its row: bytes, or a number of things.
type Budget struct {
	Name   string // what it counts, as the page of limits names it
	Limit  int64
	Unit   string // "bytes", or what is counted: "connections", "followers"
	Scope  string // of what there may be Limit: "in all", "each call", "each pool"
	Beyond string // what happens to what does not fit

	held atomic.Int64
}

// Take takes n, and reports whether they were there. What was taken is released by Release.
func (b *Budget) Take(n int64) bool {
	if b.held.Add(n) > b.Limit {
		b.held.Add(-n)
		return false
	}
	return true
}

// Release gives back n that Take took.
func (b *Budget) Release(n int64) { b.held.Add(-n) }

// Held returns what is held now.
func (b *Budget) Held() int64 { return b.held.Load() }

// All is the table of all budgets, in the order of docs/security.md.
func All() []*Budget { return slices.Concat(clients, logins, children) }
