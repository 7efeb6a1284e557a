package fcgi

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// Try returns the error of Socket.Check, as far as it is known without opening anything. A port that another process has is no error,
// except one that is held in the trial. It may wait for a name server, up to two seconds. Source: --check.
func Try(c *config.Socket, trial *sock.Trial) error {
	if err := try(c, trial); err != nil {
		return &openError{c.URL, err}
	}
	return nil
}

func try(c *config.Socket, trial *sock.Trial) error {
	if !c.Unix {
		found := &address{}
		if ip := literal(c.Host); ip != nil {
			found.ip = [4]byte(ip)
		} else if found = lookUp(c.Host); found.err != nil {
			return found.err
		}
		return trial.TCP(&net.TCPAddr{IP: found.ip[:], Port: c.Port})
	}
	if err := trial.Unix(c.Path, attributes(c)); err != nil {
		return err
	}
	var now unix.Stat_t
	if unix.Lstat(c.Path, &now) == nil && now.Mode&unix.S_IFMT == unix.S_IFDIR {
		return syscall.EISDIR
	}
	return nil
}
