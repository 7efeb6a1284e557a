package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"sync"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// Limits of slow checks and of what is remembered of them.
const (
	maxWaiting    = budget.WaitingChecks
	maxRemembered = budget.RememberedChecks
)

// Checks runs the slow checks of passwords, one at a time, and remembers those that succeeded, so that a client that sends its password
// with each request costs one check. It does not remember passwords, but HMACs of credentials under a key that nothing else has. Any
// goroutine may use it.
type Checks struct {
	key     []byte
	running sync.Mutex // held during a check
	mu      sync.Mutex // guards what follows
	waiting int        // checks that run or wait
	known   map[[sha256.Size]byte]*account
	order   [][sha256.Size]byte // of known, the oldest first
}

// NewChecks returns Checks with a random key.
func NewChecks(key []byte) *Checks { return &Checks{key: key} }

// forget forgets all that is remembered, because the users have changed.
func (c *Checks) forget() {
	if c == nil { // of a policy that is asked for no user
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.order = nil, nil
}

// sum is the HMAC of credentials on a server.
func (c *Checks) sum(section, name, password string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, c.key)
	for _, text := range [...]string{section, name, password} {
		part := sha256.Sum256([]byte(text)) // so that no text can be taken for a part of another one
		_, _ = h.Write(part[:])
	}
	h.Sum(sum[:0])
	return sum
}

// matches reports whether the password of an account, which may be that of no user, is the given one. It is busy if too many checks wait.
func (c *Checks) matches(a *account, section, name, password string) (right, busy bool) {
	sum := c.sum(section, name, password)
	c.mu.Lock()
	switch {
	case c.known[sum] == a:
		c.mu.Unlock()
		return true, false
	case c.waiting > maxWaiting:
		c.mu.Unlock()
		return false, true
	}
	c.waiting++
	c.mu.Unlock()
	c.running.Lock()
	right = matches(a.password, password)
	c.running.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting--
	if right && a.caller != nil {
		c.remember(sum, a)
	}
	return right, false
}

func (c *Checks) remember(sum [sha256.Size]byte, a *account) {
	if c.known == nil {
		c.known = map[[sha256.Size]byte]*account{}
	}
	if c.known[sum] == nil {
		if len(c.order) == maxRemembered {
			delete(c.known, c.order[0])
			c.order = c.order[1:]
		}
		c.order = append(c.order, sum)
	}
	c.known[sum] = a
}
