package httpd

import (
	"container/list"
	"net"
	"net/http"
	"sync"
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
	if len(i.where) <= maxIdle {
		return
	}
	oldest := i.order.Remove(i.order.Front()).(net.Conn)
	delete(i.where, oldest)
	_ = oldest.Close()
}
