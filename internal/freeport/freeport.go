// Package freeport finds TCP ports for servers that tests and samples start in other processes.
//
// A port from the kernel (port 0) is free only while it is held: once it is closed, the kernel may hand it out again, to the next
// caller or to an outgoing connection. The ports here are below those that Linux uses for outgoing connections, are handed out once,
// and belong to one process of this project at a time.
package freeport

import (
	"errors"
	"net"
	"strconv"
	"sync"
)

// Ports are handed out in blocks. A process holds the first port of each of its blocks until it ends, which shows others that the
// block is taken.
const (
	first  = 10000
	last   = 32767 // Linux uses 32768 and above for outgoing connections
	blocks = (last + 1 - first) / size
	size   = 256
)

var ports struct {
	sync.Mutex
	block     int // the next one to try
	next, end int // what is left of the block
	held      []net.Listener
}

// Get returns a TCP port that is free at all addresses, and that no other call returns while this process runs. The error is
// not nil if no port is left.
func Get() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	for {
		for ports.next < ports.end {
			port := ports.next
			ports.next++
			if l, err := listen("", port); err == nil {
				return port, l.Close()
			}
		}
		if ports.block == blocks {
			return 0, errors.New("no free TCP port from " + strconv.Itoa(first) + " to " + strconv.Itoa(last))
		}
		start := first + ports.block*size
		ports.block++
		if l, err := listen("127.0.0.1", start); err == nil {
			ports.held = append(ports.held, l)
			ports.next, ports.end = start+1, start+size
		}
	}
}

func listen(host string, port int) (net.Listener, error) {
	return net.Listen("tcp4", net.JoinHostPort(host, strconv.Itoa(port)))
}
