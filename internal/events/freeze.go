package events

import "time"

// Freeze has events and questions to result handlers queued until Thaw. What listeners answer is still handled, so calls of plug-ins can
// end.
func (b *Bus) Freeze() {
	b.mu.Lock()
	b.frozen = true
	b.mu.Unlock()
	b.writeLines()
}

// Thaw sends what can be sent, and has the loop call Resume.
func (b *Bus) Thaw() {
	b.mu.Lock()
	defer b.unlock()
	b.frozen = false
	for _, p := range b.pools {
		p.dispatch(time.Time{})
		if p.external != nil {
			p.external.askNext(time.Now())
		}
	}
	b.wakeLoop()
}

// Begin goes on after an import.
func (b *Bus) Begin() { b.Thaw() }
