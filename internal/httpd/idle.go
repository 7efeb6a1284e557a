package httpd

import (
	"container/list"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
)

// maxIdle is how many connections of a server may be open without a request. When there are more, the one that has been
// silent longest is closed: whoever opens connections and forgets them must not use up our descriptors.
const maxIdle = 512

// idlers knows the connections of a server on which nothing is asked, the longest silent one first. The zero value works.
type idlers struct {
	mu    sync.Mutex
	order list.List // of net.Conn
	where map[net.Conn]*list.Element
}

// state takes a change of a connection. It is an http.Server's ConnState.
func (i *idlers) state(c net.Conn, s http.ConnState) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if e := i.where[c]; e != nil {
		i.order.Remove(e)
		delete(i.where, c)
	}
	if s != http.StateNew && s != http.StateIdle {
		return
	}
	if i.where == nil {
		i.where = map[net.Conn]*list.Element{}
	}
	i.where[c] = i.order.PushBack(c)
	if len(i.where) > maxIdle {
		i.closeOldest()
	}
}

// closeOldest closes the connection that has been silent longest. The lock is held.
func (i *idlers) closeOldest() {
	if i.order.Len() == 0 {
		return
	}
	oldest := i.order.Remove(i.order.Front()).(net.Conn)
	delete(i.where, oldest)
	_ = oldest.Close()
}

// frugal is a listener that gives up a silent connection when there is no descriptor for a new one. The server tries again
// a moment after the error.
type frugal struct {
	net.Listener
	idlers *idlers
}

// Accept implements net.Listener.
func (f *frugal) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		f.idlers.mu.Lock()
		f.idlers.closeOldest()
		f.idlers.mu.Unlock()
	}
	return c, err
}
