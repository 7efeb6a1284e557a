package daemon

import (
	"os"
	"strings"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// NotifySocket is the variable with which a service manager says where it wants to hear from us. It is ours, not our
// children's: what they say would be taken for our word.
const NotifySocket = "NOTIFY_SOCKET"

// Notifier tells the service manager that started us, if one did, how we are. Its methods may be called from any
// goroutine and never wait. Source: sd_notify(3).
type Notifier struct{ states chan string }

// NewNotifier returns a Notifier; without a service manager it says nothing to nobody.
func NewNotifier() *Notifier {
	if os.Getenv(NotifySocket) == "" {
		return &Notifier{}
	}
	n := &Notifier{states: make(chan string, 16)}
	go func() {
		for state := range n.states {
			_, _ = systemd.SdNotify(false, state) // nothing depends on it but what others are shown
		}
	}()
	return n
}

// Ready says that our servers answer and our programs are being started.
func (n *Notifier) Ready() { n.send(systemd.SdNotifyReady, "STATUS=Running") }

// Stopping says that a shutdown has begun.
func (n *Notifier) Stopping() { n.send(systemd.SdNotifyStopping, "STATUS=Stopping all programs") }

// Reloading says that a restart has begun, which Ready ends.
func (n *Notifier) Reloading() { n.send(systemd.SdNotifyReloading, "STATUS=Restarting") }

func (n *Notifier) send(lines ...string) {
	select {
	case n.states <- strings.Join(lines, "\n"):
	default: // there is nobody, or whoever is there does not listen
	}
}
