package events

// Stats are numbers about a pool.
type Stats struct {
	Pool     string
	Queued   int    // events that wait
	Events   uint64 // that the pool has had
	Dropped  uint64 // that were discarded because too many waited
	Rejected uint64 // answers of listeners that rejected an event
}

// Stats returns numbers about each pool. Any goroutine may call it.
func (b *Bus) Stats() []Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Stats, len(b.pools))
	for i, p := range b.pools {
		list[i] = Stats{p.Name, p.queue.n, p.serial, p.dropped, p.rejected}
	}
	return list
}
