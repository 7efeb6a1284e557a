package httpd

import (
	"fmt"
	"io"
)

// Rebind makes the files of Unix sockets anew that are not in their places any more, so that clients can connect again, and
// reports each. Connections stay. Where another process listens, or where there is a file that is no socket, that stays. It returns
// whether it made one. It is called after Serve, by any goroutine.
func (s *Servers) Rebind() (made bool) {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.rebinding.Lock()
	defer s.rebinding.Unlock()
	for _, old := range s.misplaced() {
		fresh, err := listen(old.config, nil, io.Discard)
		switch {
		case err != nil:
			s.rebound(fmt.Sprintf("socket file %s was removed or replaced, and cannot be made anew: %s", old.opened.File, reason(err)))
		case s.exchange(old, fresh):
			made = true
			s.rebound(fmt.Sprintf("socket file %s was removed or replaced, and was made anew", old.opened.File))
		default:
			fresh.close()
		}
	}
	return made
}

func (s *Servers) rebound(warning string) {
	if s.services.Rebound != nil {
		s.services.Rebound(warning)
	}
}

// misplaced returns the listeners whose socket files are not in their places.
func (s *Servers) misplaced() (list []listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.listeners {
		if l.opened.Unix && !s.ended && !l.inPlace() {
			list = append(list, l)
		}
	}
	return list
}

// exchange serves a new socket in place of an old one, which it closes. It returns false if the servers have ended.
func (s *Servers) exchange(old listener, fresh *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	for i := range s.listeners {
		if s.listeners[i].socket == old.socket {
			s.listeners[i].socket = fresh
			s.serve(i)
		}
	}
	old.close()
	return true
}
