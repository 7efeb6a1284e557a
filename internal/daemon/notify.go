package daemon

import (
	"os"
	"strings"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// NotifySocket is the environment variable that names the service manager's notification socket. Children must not get it:
// the service manager would take their notifications for ours.
const NotifySocket = "NOTIFY_SOCKET"

// Notifier reports the state of supervisord to the service manager that started it, if one did. Any goroutine may call its
// methods; they never block. Source: sd_notify(3).
type Notifier struct{ states chan string }

// NewNotifier returns a Notifier. Without a service manager its methods do nothing.
func NewNotifier() *Notifier {
	if os.Getenv(NotifySocket) == "" {
		return &Notifier{}
	}
	n := &Notifier{states: make(chan string, 16)}
	go func() {
		for state := range n.states {
			_, _ = systemd.SdNotify(false, state) // best effort: nothing here depends on it
		}
	}()
	return n
}

// Ready reports that the servers answer and the programs are being started.
func (n *Notifier) Ready() { n.send(systemd.SdNotifyReady, "STATUS=Running") }

// Stopping reports that a shutdown has begun.
func (n *Notifier) Stopping() { n.send(systemd.SdNotifyStopping, "STATUS=Stopping all programs") }

// Reloading reports that a restart has begun. Ready reports its end.
func (n *Notifier) Reloading() { n.send(systemd.SdNotifyReloading, "STATUS=Restarting") }

func (n *Notifier) send(lines ...string) {
	select {
	case n.states <- strings.Join(lines, "\n"):
	default: // no service manager, or one that does not read
	}
}
