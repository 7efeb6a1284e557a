package history

import (
	"strconv"
	"strings"
	"sync"
)

// Limits of the size of a ring, in entries.
const (
	DefaultSize = 4096
	MaxSize     = 65536
)

// Ring has the latest entries. They have consecutive numbers from 1 on. It holds no memory before the first entry, and grows up to its
// size; then the oldest entry makes way for a new one.
type Ring struct {
	mu      sync.Mutex
	life    string
	size    int
	entries []Entry // a circle that begins at oldest, if it has its size
	oldest  int
	last    uint64        // the number of the latest entry, 0: there has been none
	changed chan struct{} // closed by the next entry; nil: nothing waits for it
}

// New makes a ring for a number of entries, which may be 0. Life distinguishes it from rings of other processes: it is a part of the ids.
func New(life string, size int) *Ring {
	r := &Ring{life: life}
	r.Resize(size)
	return r
}

// Life is the id of what the numbers belong to.
func (r *Ring) Life() string { return r.life }

// Size is how many entries it may have.
func (r *Ring) Size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.size
}

// Resize changes how many entries it may have. Of those that it has, the latest stay.
func (r *Ring) Resize(size int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if size = max(0, min(size, MaxSize)); size == r.size {
		return
	}
	var kept []Entry
	if n := min(size, len(r.entries)); n > 0 {
		kept = r.copy(make([]Entry, 0, n), len(r.entries)-n)
	}
	r.size, r.entries, r.oldest = size, kept, 0
}

// copy appends the entries from the i-th oldest on. The lock is held.
func (r *Ring) copy(to []Entry, i int) []Entry {
	for ; i < len(r.entries); i++ {
		to = append(to, *r.at(i))
	}
	return to
}

// at is the i-th oldest entry. The lock is held.
func (r *Ring) at(i int) *Entry { return &r.entries[(r.oldest+i)%len(r.entries)] }

// Add adds the next entry.
func (r *Ring) Add(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	switch {
	case r.size == 0:
	case len(r.entries) < r.size:
		if len(r.entries) == cap(r.entries) {
			r.grow()
		}
		r.entries = append(r.entries, e)
	default:
		r.entries[r.oldest] = e
		r.oldest = (r.oldest + 1) % r.size
	}
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

// grow doubles the room, up to the size. The lock is held, and the circle begins at 0, since it has not had its size yet.
func (r *Ring) grow() {
	const first = 32
	grown := make([]Entry, len(r.entries), min(r.size, max(first, 2*len(r.entries))))
	copy(grown, r.entries)
	r.entries = grown
}

// Last is the number of the latest entry, 0 if there has been none.
func (r *Ring) Last() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// Changed closes at the next entry. One who looks for entries after that misses none.
func (r *Ring) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}

// Batch is entries that follow each other.
type Batch struct {
	First   uint64 // the number of the first of them
	Entries []Entry
	Missed  uint64 // how many there were before them that the ring does not have any more
}

// Next is the number after which a reader of the batch goes on.
func (b *Batch) Next() uint64 { return b.First + uint64(len(b.Entries)) - 1 }

// After returns the entries after a number, the oldest first, and at most so many. Into is where they may be put.
func (r *Ring) After(number uint64, most int, into []Entry) Batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	number = min(number, r.last)
	b := Batch{First: number + 1}
	had := r.last - uint64(len(r.entries)) // the number before the oldest
	if number < had {
		b.Missed, b.First = had-number, had+1
	}
	i := int(b.First - had - 1)
	into = into[:0]
	for ; i < len(r.entries) && len(into) < most; i++ {
		into = append(into, *r.at(i))
	}
	b.Entries = into
	return b
}

// ID is that of an entry with a number.
func (r *Ring) ID(number uint64) string { return r.life + "-" + strconv.FormatUint(number, 10) }

// Gap is why a reader does not get all that has happened since the entry that it names.
type Gap struct {
	Missed    uint64 // entries
	Restarted bool   // it was another process, whose numbers mean nothing here
}

// Resume returns the number after which a reader goes on who has seen the entry with an id, or a gap that comes first. The id "all" is
// that before the first entry. It is not ok if it is no id.
func (r *Ring) Resume(id string) (number uint64, gap *Gap, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	had := r.last - uint64(len(r.entries))
	if id == "all" {
		return had, nil, true
	}
	life, digits, found := strings.Cut(id, "-")
	number, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case !found || life == "" || err != nil:
		return 0, nil, false
	case life != r.life || number > r.last:
		return had, &Gap{Restarted: true}, true
	case number < had:
		return had, &Gap{Missed: had - number}, true
	}
	return number, nil, true
}
