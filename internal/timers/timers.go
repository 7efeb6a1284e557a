// Package timers is a heap of things with a deadline, the earliest first. It starts nothing and reads no clock; its owner asks
// what is due. It is not safe for concurrent use.
package timers

import (
	"container/heap"
	"time"
)

// Item is something with at most one deadline.
type Item interface {
	// Wake is the deadline, zero for none. It must have a monotonic clock reading.
	Wake() time.Time
	// Tick does what is due.
	Tick(now time.Time)
	// Position is where the item keeps its place in the heap; embedding a Slot gives an item one.
	Position() *Slot
}

// Slot is the place of an item in a heap. The zero value is no place.
type Slot struct{ index int } // 1-based

// Position implements Item.
func (s *Slot) Position() *Slot { return s }

// Heap holds the items that have a deadline. The zero value is empty.
type Heap struct{ entries entries }

// entry is an item with a copy of its deadline: the item may change while it is queued.
type entry struct {
	at   time.Time
	item Item
}

// Set takes over the deadline that the item has now, in place of the one it had.
func (h *Heap) Set(item Item) {
	slot, at := item.Position(), item.Wake()
	switch {
	case at.IsZero():
		h.Remove(item)
	case slot.index > 0:
		h.entries[slot.index-1].at = at
		heap.Fix(&h.entries, slot.index-1)
	default:
		heap.Push(&h.entries, entry{at, item})
	}
}

// Remove forgets the deadline of the item, if it has one.
func (h *Heap) Remove(item Item) {
	if slot := item.Position(); slot.index > 0 {
		heap.Remove(&h.entries, slot.index-1)
	}
}

// Next is the earliest deadline, zero if there is none.
func (h *Heap) Next() time.Time {
	if len(h.entries) == 0 {
		return time.Time{}
	}
	return h.entries[0].at
}

// Due is the item with the earliest deadline if that has come, else nil. The item stays until Set or Remove.
func (h *Heap) Due(now time.Time) Item {
	if len(h.entries) == 0 || h.entries[0].at.After(now) {
		return nil
	}
	return h.entries[0].item
}

// entries implements heap.Interface.
type entries []entry

func (e entries) Len() int           { return len(e) }
func (e entries) Less(i, j int) bool { return e[i].at.Before(e[j].at) }

func (e entries) Swap(i, j int) {
	e[i], e[j] = e[j], e[i]
	e[i].item.Position().index, e[j].item.Position().index = i+1, j+1
}

func (e *entries) Push(x any) {
	added := x.(entry)
	*e = append(*e, added)
	added.item.Position().index = len(*e)
}

func (e *entries) Pop() any {
	old := *e
	last := len(old) - 1
	removed := old[last]
	old[last] = entry{}
	*e = old[:last]
	removed.item.Position().index = 0
	return removed
}
