package history

// RingState is a ring as data.
type RingState struct {
	Life     string       `json:"life,omitempty"`
	Last     uint64       `json:"last,omitempty"`
	Subjects [][2]string  `json:"subjects,omitempty"` // groups and names
	Entries  []EntryState `json:"entries,omitempty"`  // the oldest first
}

// EntryState is an entry. There may be thousands, so names of members are short.
type EntryState struct {
	At     int64  `json:"t"`           // nanoseconds since 1970
	Of     int    `json:"o,omitempty"` // the number of a subject
	Text   string `json:"x,omitempty"`
	PID    int32  `json:"p,omitempty"`
	Status int32  `json:"s,omitempty"`
	From   int16  `json:"a,omitempty"`
	To     int16  `json:"b,omitempty"`
	Kind   Kind   `json:"k,omitempty"`
	Flags  Flags  `json:"f,omitempty"`
}

// Export returns the state of the ring, to which nothing is added.
func (r *Ring) Export() RingState {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := RingState{Life: r.life, Last: r.last}
	numbers := map[Subject]int{}
	for i := range r.entries {
		e := r.at(i)
		var of Subject
		if e.Of != nil {
			of = *e.Of
		}
		number, known := numbers[of]
		if !known {
			number = len(s.Subjects)
			numbers[of] = number
			s.Subjects = append(s.Subjects, [2]string{of.Group, of.Name})
		}
		s.Entries = append(s.Entries, EntryState{At: e.At, Of: number, Text: e.Why(), PID: e.PID, Status: e.Status, From: e.From, To: e.To,
			Kind: e.Kind, Flags: e.Flags})
	}
	return s
}

// Import makes a ring for a number of entries of a state. One without a life, from a version that had no history, gets the given one.
func Import(s RingState, life string, size int) *Ring {
	if s.Life != "" {
		life = s.Life
	}
	r := New(life, size)
	subjects := make([]*Subject, len(s.Subjects))
	for i, of := range s.Subjects {
		subjects[i] = &Subject{Group: of[0], Name: of[1]}
	}
	entries := s.Entries
	if len(entries) > r.size {
		entries = entries[len(entries)-r.size:]
	}
	for _, e := range entries {
		to := Entry{At: e.At, PID: e.PID, Status: e.Status, From: e.From, To: e.To, Kind: e.Kind, Flags: e.Flags}
		if e.Of >= 0 && e.Of < len(subjects) {
			to.Of = subjects[e.Of]
		}
		if e.Text != "" {
			to.Text = new(e.Text)
		}
		r.Add(to)
	}
	r.last = max(s.Last, r.last)
	return r
}
