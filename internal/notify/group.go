package notify

import (
	"maps"
	"slices"
	"time"
)

// Group is what incidents that share messages have in common.
type Group struct {
	Pending []Incident `json:"pending,omitempty"` // that the next message reports
	Omitted int        `json:"omitted,omitempty"` // further ones
	Due     time.Time  `json:"due,omitzero"`      // when they are reported; of no meaning without them
	Last    time.Time  `json:"last,omitzero"`     // when the last message was made; zero: never
}

// Held is what rate= has held back.
type Held struct {
	Messages  int        `json:"messages"`
	Incidents []Incident `json:"incidents"`
	Omitted   int        `json:"omitted,omitempty"`
	First     time.Time  `json:"first"` // when the first message was held back
	Last      time.Time  `json:"last"`  // when the last one was
}

// flush makes the messages that are due.
func (t *Target) flush(now time.Time, compose func(key string, n Notice)) {
	t.settle(now)
	standing := t.standing()
	var due []string
	for key, g := range t.Groups {
		switch waits := len(g.Pending) > 0; {
		case waits && !now.Before(g.Due), !waits && standing[key] && t.repeats(g) && !now.Before(g.Last.Add(t.rules.RepeatInterval)):
			due = append(due, key)
		case !waits && !standing[key] && !now.Before(g.Last.Add(t.rules.GroupInterval)):
			delete(t.Groups, key)
		}
	}
	slices.Sort(due) // so that the same inputs give the same messages
	for _, key := range due {
		g := t.Groups[key]
		n := Notice{Group: key, Incidents: g.Pending, Omitted: g.Omitted}
		if len(g.Pending) == 0 {
			list := t.persistent(key)
			n.Incidents, n.Repeat = list[:min(len(list), maxIncidents)], true
			n.Omitted = len(list) - len(n.Incidents)
		}
		t.send(now, key, n, compose)
		g.Pending, g.Omitted, g.Due, g.Last = nil, 0, time.Time{}, now
	}
	if t.Held != nil && !now.Before(t.digestDue()) {
		t.expire(now)
		t.Sent = append(t.Sent, now)
		compose("", Notice{Incidents: t.Held.Incidents, Omitted: t.Held.Omitted, HeldBack: t.Held.Messages})
		t.Held = nil
	}
}

func (t *Target) repeats(g *Group) bool { return t.rules.RepeatInterval > 0 && !g.Last.IsZero() }

// standing returns the groups with problems that still exist.
func (t *Target) standing() map[string]bool {
	keys := map[string]bool{}
	for _, p := range t.Processes {
		if p.persists() {
			keys[t.key(*p.Problem)] = true
		}
	}
	return keys
}

// persistent returns the problems of a group that still exist, by the names of the processes.
func (t *Target) persistent(key string) (list []Incident) {
	for _, name := range slices.Sorted(maps.Keys(t.Processes)) {
		if p := t.Processes[name]; p.persists() && t.key(*p.Problem) == key {
			list = append(list, *p.Problem)
		}
	}
	return list
}

// send makes a message, or holds it back: the last of the messages that rate= allows says how many were.
func (t *Target) send(now time.Time, key string, n Notice, compose func(string, Notice)) {
	t.expire(now)
	if t.Held == nil && len(t.Sent) < t.rules.Rate.N-1 {
		t.Sent = append(t.Sent, now)
		compose(key, n)
		return
	}
	if t.Held == nil {
		t.Held = &Held{First: now}
	}
	t.Held.Messages++
	t.Held.Omitted += n.Omitted
	t.Held.Last = now
	for _, i := range n.Incidents {
		t.Held.Incidents = i.addTo(t.Held.Incidents, &t.Held.Omitted)
	}
}

// expire forgets messages that no longer count for rate=.
func (t *Target) expire(now time.Time) {
	t.Sent = slices.DeleteFunc(t.Sent, func(at time.Time) bool { return !now.Before(at.Add(t.rules.Rate.Within)) })
}

// digestDue is when a message says what was held back: once nothing more was for group_interval, or when messages were held back for the
// time of rate=. The last place is kept for it.
func (t *Target) digestDue() time.Time {
	due := t.Held.Last.Add(t.rules.GroupInterval)
	if last := t.Held.First.Add(t.rules.Rate.Within); last.Before(due) {
		due = last
	}
	if n := len(t.Sent) - t.rules.Rate.N; n >= 0 { // when there is a place again
		if place := t.Sent[n].Add(t.rules.Rate.Within); place.After(due) {
			due = place
		}
	}
	return due
}

// deadline is when flush has something to do next; zero: never.
func (t *Target) deadline() (next time.Time) {
	at := func(when time.Time) {
		if next.IsZero() || when.Before(next) {
			next = when
		}
	}
	if t.Held != nil {
		at(t.digestDue())
	}
	standing := t.standing()
	for key, g := range t.Groups {
		switch {
		case len(g.Pending) > 0:
			at(g.Due)
		case t.repeats(g) && standing[key]:
			at(g.Last.Add(t.rules.RepeatInterval))
		}
	}
	for _, p := range t.Processes {
		if p.Flapping {
			at(p.flapsUntil(t.rules.Flapping))
		}
	}
	return next
}
