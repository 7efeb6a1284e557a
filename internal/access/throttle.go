package access

import (
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// Limit is a number of failed logins within a time. The zero value is no limit.
type Limit struct {
	Failures int           `json:"failures"`
	Within   time.Duration `json:"within"`
}

// Limits of a Throttle.
const (
	maxThrottled = budget.KnownFailures
	firstPause   = time.Second
	longestPause = time.Minute
)

// Throttle slows down clients that try passwords: after too many failed logins from an address, or for a name, they have to wait, each time
// twice as long. It keeps the last addresses and names, forgets them when they are looked at, and has no timer. Any goroutine may use it.
type Throttle struct {
	mu        sync.Mutex
	addresses tries
	names     tries
}

// tries are failed logins by address or name.
type tries struct {
	by    map[string]*try
	order []string // the oldest first
}

// try is what is known of one address or name.
type try struct {
	failures int
	first    time.Time // of these failures
	pause    time.Duration
	until    time.Time // the end of the pause
}

// Paused returns how long an address still has to wait, 0 if it does not.
func (t *Throttle) Paused(address string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addresses.by[address].left(now)
}

func (y *try) left(now time.Time) time.Duration {
	if y == nil {
		return 0
	}
	return max(0, y.until.Sub(now))
}

// Failed notes a failed login from an address for a name, which may be empty. It returns how long the client had to
// wait already, and the number of failures if a pause begins with this one, else 0.
func (t *Throttle) Failed(l Limit, address, name string, now time.Time) (wait time.Duration, failures int) {
	if l.Failures == 0 {
		return 0, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	wait = max(t.addresses.by[address].left(now), t.names.by[name].left(now))
	failures = t.addresses.fail(l, address, now)
	if name != "" {
		if n := t.names.fail(l, name, now); failures == 0 {
			failures = n
		}
	}
	return wait, failures
}

// fail notes a failure, and returns how many there were if a pause begins with it.
func (s *tries) fail(l Limit, key string, now time.Time) (failures int) {
	y := s.by[key]
	switch {
	case y == nil:
		if s.by == nil {
			s.by = map[string]*try{}
		}
		if len(s.order) == maxThrottled {
			delete(s.by, s.order[0])
			s.order = s.order[1:]
		}
		y = &try{first: now}
		s.by[key] = y
		s.order = append(s.order, key)
	case now.Sub(y.first) > l.Within && now.Sub(y.until) > l.Within:
		*y = try{first: now}
	}
	y.failures++
	if y.failures < l.Failures || y.left(now) > 0 {
		return 0
	}
	y.pause = min(max(firstPause, 2*y.pause), longestPause)
	y.until = now.Add(y.pause)
	return y.failures
}
