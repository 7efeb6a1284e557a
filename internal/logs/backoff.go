package logs

import "time"

// backoff says when a connection is made again.
type backoff struct {
	delay time.Duration // from the last attempt to the next; 0: none
	tried time.Time     // the last attempt
}

// The delays after attempts that fail, and how long a connection that counts as good lasts.
const (
	firstDelay   = time.Second
	longestDelay = time.Minute
	goodFor      = time.Second
)

// wait is how long the next attempt has to wait.
func (b *backoff) wait(now time.Time) time.Duration {
	if b.delay == 0 {
		return 0
	}
	return max(0, b.tried.Add(b.delay).Sub(now))
}

// failed notes that an attempt has failed, or that the connection has ended which it made.
func (b *backoff) failed(now time.Time, connected bool) {
	if connected && b.good(now) {
		b.delay = 0
		return
	}
	b.delay = min(max(2*b.delay, firstDelay), longestDelay)
}

// good reports whether the connection that the last attempt has made counts as good.
func (b *backoff) good(now time.Time) bool { return now.Sub(b.tried) >= goodFor }
