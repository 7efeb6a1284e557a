package fcgi

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// Addresses has what was found for the host names of a group's TCP sockets.
type Addresses map[string]*address

// address is the IPv4 address of a host, or why there is none.
type address struct {
	ip  [4]byte
	err error
}

// Resolve looks up the host names of the TCP sockets of a group. It waits up to two seconds for each, so the loop must not
// call it.
func Resolve(g *config.Group) Addresses {
	var all Addresses
	for _, p := range g.Processes {
		if p.Socket == nil || p.Socket.Unix || literal(p.Socket.Host) != nil || all[p.Socket.Host] != nil {
			continue
		}
		if all == nil {
			all = Addresses{}
		}
		all[p.Socket.Host] = lookUp(p.Socket.Host)
	}
	return all
}

// of returns the address of a host, which need not be a name.
func (a Addresses) of(host string) *address {
	if ip := literal(host); ip != nil {
		return &address{ip: [4]byte(ip)}
	}
	if found := a[host]; found != nil {
		return found
	}
	return &address{err: errors.New(host + " has not been looked up")}
}

// literal returns the address that host is written as, nil if it is a name.
func literal(host string) net.IP { return net.ParseIP(host).To4() }

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
	return &address{ip: [4]byte(ips[0].To4())}
}
