package socket

import (
	"cmp"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// open returns a new socket that listens, or gets datagrams.
func (s *Socket) open() (fd int, err error) {
	c := s.config
	if c.Inherit != "" {
		return s.borrow()
	}
	family, bind := unix.AF_UNIX, s.bindUnix
	if !c.Unix {
		found := s.address.Load()
		if found.err != nil {
			return -1, found.err
		}
		family, bind = unix.AF_INET, func(fd int) error { return bindInet(fd, c, found.ip, s.beside() || c.ReusePort) }
		if found.ip.Is6() {
			family = unix.AF_INET6
		}
	}
	if fd, err = sock.New(family, kind(c)); err != nil {
		return -1, err
	}
	if err := bind(fd); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func kind(c *config.Socket) int {
	if c.Datagram {
		return unix.SOCK_DGRAM
	}
	return unix.SOCK_STREAM
}

// listen has a bound socket accept connections. One for datagrams gets them anyway.
func listen(fd int, c *config.Socket) error {
	if c.Datagram {
		return nil
	}
	return unix.Listen(fd, cmp.Or(c.Backlog, maxBacklog))
}

// maxBacklog is more than any system allows; each reduces it to its own maximum.
const maxBacklog = 65535

// bindInet binds a TCP or UDP socket. One at an IPv6 address is for IPv6 only. SO_REUSEADDR would let two UDP sockets of different
// programs have one address. Shared says that others may be there.
func bindInet(fd int, c *config.Socket, ip netip.Addr, shared bool) error {
	for _, option := range []struct {
		wanted      bool
		level, name int
	}{
		{!c.Datagram, unix.SOL_SOCKET, unix.SO_REUSEADDR},
		{shared, unix.SOL_SOCKET, reusePort},
		{ip.Is6(), unix.IPPROTO_IPV6, unix.IPV6_V6ONLY},
	} {
		if !option.wanted {
			continue
		}
		if err := unix.SetsockoptInt(fd, option.level, option.name, 1); err != nil {
			return err
		}
	}
	var to unix.Sockaddr = &unix.SockaddrInet6{Port: c.Port, Addr: ip.As16()}
	if ip.Is4() {
		to = &unix.SockaddrInet4{Port: c.Port, Addr: ip.As4()}
	}
	if err := unix.Bind(fd, to); err != nil {
		return err
	}
	return listen(fd, c)
}

// bindUnix makes the file of a socket. That of FastCGI replaces what is at the path, as in the original; another one replaces only a
// socket on which no process listens. If possible the socket is bound to its path itself, because programs may look at its name; until it
// listens, its mode and owner are set.
func (s *Socket) bindUnix(fd int) error {
	c := s.config
	if c.Name != "" {
		stale, err := sock.Vacant(c.Path, c.UID)
		if err != nil {
			return err
		}
		if stale {
			s.log.Infof("Unlinking stale socket %s", c.Path)
		}
	}
	file, err := sock.Create(fd, c.Path, "", attributes(c))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := listen(fd, c); err != nil {
		return err
	}
	if err := file.Replace(); err != nil {
		return err
	}
	s.file = &file.Info
	return nil
}
