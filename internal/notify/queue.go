package notify

import (
	"fmt"
	"time"
)

// Message is a notice that is to be delivered.
type Message struct {
	ID     string    `json:"id"`
	Key    string    `json:"key,omitempty"` // those with the same are delivered in order
	Made   time.Time `json:"made"`
	Tries  int       `json:"tries,omitempty"` // that have failed
	Next   time.Time `json:"next,omitzero"`   // when it is tried again
	Reason string    `json:"reason,omitempty"`
	Notice Notice    `json:"notice"`
}

// Outcome is what became of a try.
type Outcome string

// The outcomes of tries.
const (
	Delivered Outcome = "delivered"
	Failed    Outcome = "failed"  // it is tried again
	Refused   Outcome = "refused" // it is not
)

// Result is the result of a try.
type Result struct {
	Target  string        `json:"target"`
	ID      string        `json:"id"`
	Outcome Outcome       `json:"outcome"`
	Reason  string        `json:"reason,omitempty"`
	After   time.Duration `json:"after,omitempty"`  // what the receiver asks to wait; 0: nothing
	Jitter  float64       `json:"jitter,omitempty"` // from -1 to 1
}

// Dead is a message that will not be delivered.
type Dead struct {
	Target  string    `json:"target"`
	Time    time.Time `json:"time"`
	Reason  string    `json:"reason"`
	Message Message   `json:"message"`
}

const (
	firstRetry   = time.Second
	longestRetry = 5 * time.Minute

	// maxQueue is how many messages of a section wait.
	maxQueue = 1000
	// maxTries is how many messages of a section are delivered at the same time.
	maxTries = 4
)

// retryAfter is the time until the next try: a second that doubles up to five minutes, a fifth more or less at random.
func retryAfter(tries int, jitter float64) time.Duration {
	d := longestRetry
	if tries < 10 {
		d = min(d, firstRetry<<(tries-1))
	}
	return d + time.Duration(float64(d)*min(max(jitter, -1), 1)/5)
}

// result takes the result of a try into account, and returns the message if it will not be delivered.
func (t *Target) result(now time.Time, r Result) *Dead {
	for at, m := range t.Queue {
		if m.ID != r.ID {
			continue
		}
		m.Tries++
		m.Reason = r.Reason
		end := m.Made.Add(t.rules.RetryFor)
		reason := ""
		switch {
		case r.Outcome == Delivered:
		case r.Outcome == Refused:
			reason = r.Reason
		case !now.Before(end):
			reason = fmt.Sprintf("not delivered within %s: %s", shorter(t.rules.RetryFor), r.Reason)
		case r.After > 0 && now.Add(r.After).After(end):
			reason = fmt.Sprintf("the receiver asks to wait for %s, longer than retry_for: %s", shorter(r.After), r.Reason)
		default:
			m.Next = now.Add(max(r.After, firstRetry))
			if r.After == 0 {
				m.Next = now.Add(retryAfter(m.Tries, r.Jitter))
			}
			if m.Next.After(end) { // one last try
				m.Next = end
			}
			return nil
		}
		t.remove(at)
		if r.Outcome == Delivered {
			return nil
		}
		return &Dead{Target: t.rules.Name, Time: now, Reason: reason, Message: *m}
	}
	return nil
}

func (t *Target) remove(at int) { t.Queue = append(t.Queue[:at:at], t.Queue[at+1:]...) }

// enqueue adds a message, and returns the one that there is no more place for.
func (t *Target) enqueue(now time.Time, m *Message) *Dead {
	t.Queue = append(t.Queue, m)
	if len(t.Queue) <= maxQueue {
		return nil
	}
	oldest := t.Queue[0]
	t.remove(0)
	return &Dead{Target: t.rules.Name, Time: now, Reason: fmt.Sprintf("more than %d messages wait", maxQueue), Message: *oldest}
}

// due returns the messages to be tried, and when there is another one to be tried, zero for never. busy are those that are being tried:
// the first of each key only, and no more than maxTries.
func (t *Target) due(now time.Time, busy map[string]bool) (list []*Message, next time.Time) {
	seen, tries := map[string]bool{}, 0
	for _, m := range t.Queue {
		if busy[m.ID] {
			tries++
		}
	}
	for _, m := range t.Queue {
		if seen[m.Key] {
			continue
		}
		seen[m.Key] = true
		switch {
		case busy[m.ID]:
		case now.Before(m.Next):
			if next.IsZero() || m.Next.Before(next) {
				next = m.Next
			}
		case tries < maxTries:
			list = append(list, m)
			tries++
		}
	}
	return list, next
}
