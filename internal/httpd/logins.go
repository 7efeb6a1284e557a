package httpd

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

const (
	loginInterval = time.Minute // between two lines about failed logins
	maxLoginName  = 64          // bytes of a user name in a line
)

// failedLogins reports failed logins: one at once, those of the next loginInterval in a single line at its end. It keeps a number
// and a line, however many there are, and has a timer only while there is something to report.
type failedLogins struct {
	report func(line string) // nil: not wanted, or closed
	mu     sync.Mutex
	last   time.Time // of the last line
	limit  time.Time // of the last line about a limit
	more   int       // failed logins since
	who    string    // made the last of them
	timer  *time.Timer
}

// add counts a failed login of who, a name and an address.
func (f *failedLogins) add(who string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.report == nil {
		return
	}
	wait := loginInterval - time.Since(f.last)
	if f.more == 0 && (f.last.IsZero() || wait <= 0) {
		f.last = time.Now()
		f.report("failed login" + who)
		return
	}
	f.more++
	f.who = who
	if f.more == 1 {
		f.timer = time.AfterFunc(wait, f.flush)
	}
}

// limited reports that a place or name has to wait, once in loginInterval.
func (f *failedLogins) limited(failures int, v access.Verdict, place, scheme string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.report == nil || !f.limit.IsZero() && time.Since(f.limit) < loginInterval {
		return
	}
	f.limit = time.Now()
	who := ""
	if v.Named {
		who = " of " + shortName(v.User)
	}
	f.report(fmt.Sprintf("%d failed logins%s from %s, the last by %s", failures, who, place, shortName(scheme)))
}

// shortName quotes a name that a client has sent.
func shortName(name string) string {
	if len(name) > maxLoginName {
		name = name[:maxLoginName] + "..."
	}
	return pyrepr.Quote(name)
}

// flush reports the failed logins that were not reported yet.
func (f *failedLogins) flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.report == nil || f.more == 0 {
		return
	}
	f.report(fmt.Sprintf("failed logins: %d more, the last%s", f.more, f.who))
	f.last, f.more = time.Now(), 0
}

// close reports the rest. Nothing is reported afterwards.
func (f *failedLogins) close() {
	f.flush()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.report = nil
	if f.timer != nil {
		f.timer.Stop()
	}
}

// refused counts the failed login of a request that was refused. One without credentials is no login: browsers ask for a password
// after the refusal.
func (h *handler) refused(r *http.Request, v access.Verdict) {
	if !v.Failed {
		return
	}
	who := ""
	if v.Named {
		who = " of " + shortName(v.User)
	}
	h.logins.add(who + " from " + h.address(r))
}

// address is the address of a client, or the user of one that has connected to a Unix socket.
func (h *handler) address(r *http.Request) string {
	if !h.config.Unix {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			return r.RemoteAddr
		}
		return host
	}
	if uid, known := fast.PeerUID(r.Context()); known {
		return fmt.Sprintf("uid %d", uid)
	}
	return "the Unix socket"
}
