package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// Addresses has what was found for the host names of a group's TCP and UDP sockets.
type Addresses map[string]*address

// address is the address of a host, or why there is none. It is an IPv6 address only if the host is written as one.
type address struct {
	ip  netip.Addr
	err error
}

// Resolve looks up the host names of the TCP and UDP sockets of a group. It waits up to two seconds for each, so the loop must not
// call it.
func Resolve(g *config.Group) Addresses {
	var all Addresses
	for _, p := range g.Processes {
		for s := range p.AllSockets() {
			if s.Host == "" || literal(s.Host).IsValid() || all[s.Host] != nil {
				continue
			}
			if all == nil {
				all = Addresses{}
			}
			all[s.Host] = lookUp(s.Host)
		}
	}
	return all
}

// of returns the address of a host, which need not be a name.
func (a Addresses) of(host string) *address {
	if ip := literal(host); ip.IsValid() {
		return &address{ip: ip}
	}
	if found := a[host]; found != nil {
		return found
	}
	return &address{err: errors.New(host + " has not been looked up")}
}

// literal returns the address that host is written as, not valid if it is a name.
func literal(host string) netip.Addr {
	ip, _ := netip.ParseAddr(host)
	return ip.Unmap()
}

// lookupTimeout bounds the time for one host name.
const lookupTimeout = 2 * time.Second

// lookupIP is replaced in tests.
var lookupIP = net.DefaultResolver.LookupIP

func lookUp(host string) *address {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	ips, err := lookupIP(ctx, "ip4", host)
	if err != nil {
		return &address{err: err}
	}
	return &address{ip: netip.AddrFrom4([4]byte(ips[0].To4()))}
}
