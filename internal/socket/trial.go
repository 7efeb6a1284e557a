package socket

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
		return &openError{c, err}
	}
	return nil
}

func try(c *config.Socket, trial *sock.Trial) error {
	switch {
	case c.Inherit != "": // it is known when supervisord is started for good
		return nil
	case c.Unix:
		return tryUnix(c, trial)
	}
	found := &address{ip: literal(c.Host)}
	if !found.ip.IsValid() {
		if found = lookUp(c.Host); found.err != nil {
			return found.err
		}
	}
	if c.Datagram { // that a TCP server has the port is no reason
		return new(sock.Trial).TCP(&net.TCPAddr{IP: found.ip.AsSlice(), Port: c.Port})
	}
	return trial.TCP(&net.TCPAddr{IP: found.ip.AsSlice(), Port: c.Port})
}

func tryUnix(c *config.Socket, trial *sock.Trial) error {
	if err := trial.Unix(c.Path, attributes(c)); err != nil {
		return err
	}
	var now unix.Stat_t
	if unix.Lstat(c.Path, &now) != nil {
		return nil
	}
	switch kind := now.Mode & unix.S_IFMT; {
	case c.Name != "" && kind != unix.S_IFSOCK:
		return sock.ErrNoSocket
	case kind == unix.S_IFDIR:
		return syscall.EISDIR
	}
	return nil
}
