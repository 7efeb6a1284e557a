package timers

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

type item struct {
	Slot
	at    time.Time
	ticks []time.Time
}

func (i *item) Wake() time.Time    { return i.at }
func (i *item) Tick(now time.Time) { i.ticks = append(i.ticks, now) }

// TestHeap sets, changes and removes random deadlines, and compares what is due with a list that is searched.
func TestHeap(t *testing.T) {
	start := time.Now()
	rng := rand.New(rand.NewPCG(1, 2))
	items := make([]*item, 20)
	for i := range items {
		items[i] = new(item)
	}
	var h Heap
	for round := range 2000 {
		i := items[rng.IntN(len(items))]
		if rng.IntN(4) == 0 {
			h.Remove(i)
			i.at = time.Time{}
		} else {
			if i.at = start.Add(time.Duration(rng.IntN(50)) * time.Second); rng.IntN(5) == 0 {
				i.at = time.Time{}
			}
			h.Set(i)
		}
		var want time.Time
		for _, i := range items {
			if !i.at.IsZero() && (want.IsZero() || i.at.Before(want)) {
				want = i.at
			}
		}
		if got := h.Next(); !got.Equal(want) {
			t.Fatalf("round %d: next is %v, want %v", round, got.Sub(start), want.Sub(start))
		}
		now := start.Add(time.Duration(rng.IntN(50)) * time.Second)
		due := h.Due(now)
		if isDue := !want.IsZero() && !want.After(now); (due != nil) != isDue {
			t.Fatalf("round %d: due %v, want %v", round, due, isDue)
		}
		if due != nil && !due.Wake().Equal(want) {
			t.Fatalf("round %d: not the earliest is due", round)
		}
		if queued := slices.IndexFunc(items, func(i *item) bool { return (i.index > 0) != !i.at.IsZero() }); queued >= 0 {
			t.Fatalf("round %d: item %d has slot %d and deadline %v", round, queued, items[queued].index, items[queued].at)
		}
	}
}

// TestChangedWhileQueued shows that a deadline which an item changes counts from Set on only, so the heap stays in order.
func TestChangedWhileQueued(t *testing.T) {
	start := time.Now()
	a, b := &item{at: start.Add(time.Second)}, &item{at: start.Add(2 * time.Second)}
	var h Heap
	h.Set(a)
	h.Set(b)
	a.at = start.Add(time.Hour)
	if got := h.Due(start.Add(time.Second)); got != a {
		t.Errorf("due: %v, want the first item", got)
	}
	h.Set(a)
	if got := h.Due(start.Add(2 * time.Second)); got != b {
		t.Errorf("due: %v, want the second item", got)
	}
}
