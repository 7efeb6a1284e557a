package daemon

import (
	"fmt"
	"os"
	"strings"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// NotifySocket is the environment variable that names the service manager's notification socket. Children must not get it:
// the service manager would take their notifications for ours.
const NotifySocket = "NOTIFY_SOCKET"

// Notifier reports the state of supervisord to the service manager that started it, if one did. Any goroutine may call its
// methods; they never block, but for Flush. Source: sd_notify(3).
type Notifier struct{ states chan notice }

// notice is a text for the service manager, or a request to close a channel when the texts before it have been sent.
type notice struct {
	text string
	sent chan struct{}
}

// NewNotifier returns a Notifier. Without a service manager its methods do nothing.
func NewNotifier() *Notifier {
	if os.Getenv(NotifySocket) == "" {
		return &Notifier{}
	}
	n := &Notifier{states: make(chan notice, 16)}
	go func() {
		for state := range n.states {
			if state.sent != nil {
				close(state.sent)
				continue
			}
			_, _ = systemd.SdNotify(false, state.text) // best effort: nothing here depends on it
		}
	}()
	return n
}

// Ready reports that the servers answer and the programs are being started.
func (n *Notifier) Ready() { n.send(systemd.SdNotifyReady, "STATUS=Running") }

// Stopping reports that a shutdown has begun.
func (n *Notifier) Stopping() { n.send(systemd.SdNotifyStopping, "STATUS=Stopping all programs") }

// Reloading reports that a restart or an upgrade, which status names, has begun. Ready reports its end. The service manager needs the
// time to tell which of its requests that answers.
func (n *Notifier) Reloading(status string) {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // there is no system without this clock
	n.send(systemd.SdNotifyReloading, fmt.Sprintf("MONOTONIC_USEC=%d", now.Nano()/1000), "STATUS="+status)
}

// Flush waits until all has been sent, at most so long.
func (n *Notifier) Flush(limit time.Duration) {
	if n.states == nil {
		return
	}
	sent := make(chan struct{})
	late := time.After(limit)
	select {
	case n.states <- notice{sent: sent}:
	case <-late:
		return
	}
	select {
	case <-sent:
	case <-late:
	}
}

func (n *Notifier) send(lines ...string) {
	select {
	case n.states <- notice{text: strings.Join(lines, "\n")}:
	default: // no service manager, or one that does not read
	}
}
