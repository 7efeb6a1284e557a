package conformance

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

// timeout returns how long a script waits for a condition before it fails.
func timeout() time.Duration {
	scale, err := strconv.ParseFloat(os.Getenv("CONFORMANCE_SCALE"), 64)
	if err != nil || scale <= 0 {
		scale = 1
	}
	return time.Duration(scale * float64(30*time.Second))
}

// patience shortens waits of a kind, a command of scripts, for an implementation that does not do what such waits are for. After
// three of them in vain they last four times as long as the longest that succeeded. The zero value is ready.
type patience struct {
	mu    sync.Mutex
	kinds map[string]*waits
}

// waits are the waits of a kind that have ended.
type waits struct {
	inVain  int
	longest time.Duration // of those that succeeded
}

// limit returns how long a wait of a kind may last: full for an implementation that works, and never less than least.
func (p *patience) limit(kind string, full, least time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.kinds[kind]
	if w == nil || w.inVain < 3 {
		return full
	}
	return min(full, max(least, 4*w.longest))
}

// ended records the end of a wait. One in vain counts for its script as well.
func (p *patience) ended(kind string, took time.Duration, succeeded bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.of(kind)
	switch {
	case succeeded:
		w.longest = max(w.longest, took)
	case kind == wholeScript:
		w.inVain++
	default:
		w.inVain++
		p.of(wholeScript).inVain++
	}
}

// of returns the waits of a kind. The lock is held.
func (p *patience) of(kind string) *waits {
	if p.kinds == nil {
		p.kinds = map[string]*waits{}
	}
	if p.kinds[kind] == nil {
		p.kinds[kind] = &waits{}
	}
	return p.kinds[kind]
}

// wholeScript is the kind of the wait for the end of a script.
const wholeScript = "script"

// watch kills the processes of the script if it does not end, until the returned function is called.
func (s *session) watch() (end func()) {
	began := time.Now()
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for late := false; ; {
			select {
			case <-done:
				s.suite.patience.ended(wholeScript, time.Since(began), !late)
				return
			case <-tick.C:
			}
			limit := s.suite.patience.limit(wholeScript, 6*timeout(), 2*timeout())
			if !late && time.Since(began) > limit {
				late = true
				s.t.Log(fmt.Sprintf("the processes of the script are killed, since it did not end in %v", limit))
			}
			if late { // again and again: the script may go on
				s.killMarked()
			}
		}
	}()
	return func() { close(done) }
}

// timeout returns how long the current command of the script may wait.
func (s *session) timeout() time.Duration {
	return s.suite.patience.limit(s.command, timeout(), timeout()/15)
}

// waited records a wait of the current command, and logs if it was a short one in vain.
func (s *session) waited(began time.Time, succeeded bool) {
	if limit := s.timeout(); !succeeded && limit < timeout() {
		s.t.Log(fmt.Sprintf("waited %v only, since several waits of %s were in vain", limit, s.command))
	}
	s.suite.patience.ended(s.command, time.Since(began), succeeded)
}

// poll calls condition until it returns true, and reports whether it did in time. It is the only place that polls: what other
// processes do cannot be waited for otherwise.
func (s *session) poll(condition func() bool) bool {
	began := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		late := time.Since(began) >= s.timeout()
		if done := condition(); done || late {
			s.waited(began, done)
			return done
		}
		<-tick.C
	}
}
