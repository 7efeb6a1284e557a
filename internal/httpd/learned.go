package httpd

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/config"
)

// maxLearned is how many readings of the configuration there may be of which files were read and that are not in use.
const maxLearned = 8

// learned is what a reading of the configuration needs of files for a server whose keys about TLS have changed.
type learned struct {
	server int
	set    *tlsSet // nil: err says why
	err    error
}

// Learn reads the files that servers with TLS need after a reading of the configuration in which their keys have changed, so that Permit
// does not wait for them. Any goroutine may call it.
func (s *Servers) Learn(read *config.Config) {
	s.mu.Lock()
	listeners := slices.Clone(s.listeners)
	s.mu.Unlock()
	list := learn(read, listeners)
	if list == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.learned == nil || len(s.learned) == maxLearned { // readings that are not taken, such as those for a plan
		s.learned = map[*config.Config][]learned{}
	}
	s.learned[read] = list
}

func learn(read *config.Config, listeners []listener) (list []learned) {
	for i, l := range listeners {
		if want, found := wanted(l.config, read); found && l.secure != nil && want.TLSCert != "" && !l.secure.serves(want) {
			set, err := readSet(want)
			if err != nil {
				set = nil
			}
			list = append(list, learned{i, set, err})
		}
	}
	return list
}

// wanted returns the section of a reading that is about a server.
func wanted(c config.Server, read *config.Config) (config.Server, bool) {
	i := slices.IndexFunc(read.Servers, func(other config.Server) bool { return other.Section == c.Section && other.Unix == c.Unix })
	if i < 0 {
		return c, false
	}
	return read.Servers[i], true
}

// secures has servers with TLS use what was learned for a reading. Next are their sections in it, which keep the values about TLS that are
// in use where others cannot be used, or count from a restart only: with them a server begins to use TLS, or ends it. The caller holds the
// lock.
func (s *Servers) secures(read *config.Config, next []config.Server) (changed []int) {
	found := s.learned[read]
	if found == nil && s.conns != nil { // nothing has changed, or it was dropped
		found = learn(read, s.listeners)
	}
	s.learned = nil
	for _, x := range found {
		t := s.listeners[x.server].secure
		switch {
		case x.set == nil:
			t.reportUnusable(next[x.server], x.err)
		default:
			before := t.authorities()
			t.files.Store(x.set)
			if t.authorities() != before {
				changed = append(changed, x.server)
			}
		}
	}
	for i, l := range s.listeners {
		var keys TLSKeys
		if l.secure != nil {
			keys = tlsKeysOf(l.secure.files.Load().server)
		}
		next[i] = keys.in(next[i])
	}
	return changed
}
