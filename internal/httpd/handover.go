package httpd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// ServersState is the state of frozen servers. Of servers that are not frozen, it has no connections.
type ServersState struct {
	Sockets []SocketState       `json:"sockets,omitempty"` // in the order of the configuration
	Conns   []fast.ConnState    `json:"conns,omitempty"`
	Logins  LoginsState         `json:"logins,omitzero"`
	Permits bool                `json:"permits,omitempty"` // see Servers.permits
	Watcher int                 `json:"watcher,omitempty"` // descriptor of inotify, whose events go on to wait in it; absent: none
	TLS     []CertificatesState `json:"tls,omitempty"`     // of the servers that have it
}

// watcherPurpose is what the descriptor is for. To close it takes the kernel 20 ms, in which nothing would go on.
const watcherPurpose = "watch of socket files"

// SocketState is a listening socket. Clients that have not been accepted wait in it.
type SocketState struct {
	FD     int    `json:"fd"`
	Device uint64 `json:"dev,omitempty"` // of the file of a Unix socket
	Inode  uint64 `json:"ino,omitempty"`

	Answers  []uint64 `json:"answers,omitempty"` // by the first digit of the status, from 1
	Failures uint64   `json:"failures,omitempty"`
}

// LoginsState is what is known of failed logins.
type LoginsState struct {
	Last handover.Time `json:"last,omitzero"` // of the last line about them
	More int           `json:"more,omitempty"`
	Who  string        `json:"who,omitempty"`
}

// Freeze lets short requests end and brings all connections to a stop: those that are idle or receive a request, requests that wait,
// streams, and what is sent to slow consumers. It waits until the deadline at most; after an error the servers go on.
func (s *Servers) Freeze(deadline time.Time) error {
	if !lockUntil(&s.opening, deadline) {
		return errors.New("busy: a server is being opened")
	}
	s.rebinding.Lock()
	s.conns.Freeze()
	s.pause()
	s.accepting.Wait()
	if s.conns.Settle(deadline) {
		return nil
	}
	name := ""
	if s.services.Busy != nil {
		name = s.services.Busy()
	}
	if name == "" {
		name = "a request"
	}
	s.Thaw()
	return fmt.Errorf("busy: %s has not ended", name)
}

// lockUntil locks m, unless that takes longer than until the deadline.
func lockUntil(m *sync.Mutex, deadline time.Time) bool {
	if m.TryLock() {
		return true
	}
	locked, late := make(chan struct{}), time.NewTimer(time.Until(deadline))
	defer late.Stop()
	go func() { m.Lock(); close(locked) }()
	select {
	case <-locked:
		return true
	case <-late.C:
		go func() { <-locked; m.Unlock() }()
		return false
	}
}

func (s *Servers) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.listeners {
		l.pause()
	}
}

// Thaw lets frozen servers go on, with the same connections.
func (s *Servers) Thaw() {
	s.conns.Thaw()
	s.mu.Lock()
	for _, l := range s.listeners {
		l.resume()
		s.accepting.Go(l.acceptor.Run)
	}
	s.mu.Unlock()
	s.rebinding.Unlock()
	s.opening.Unlock()
}

// Export returns the state of the servers.
func (s *Servers) Export(w *handover.Writer) (state ServersState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, l := range s.listeners {
		if l.secure != nil {
			state.TLS = append(state.TLS, l.secure.export(i))
		}
		from := SocketState{FD: w.Descriptor(fast.Descriptor(l.Listener), l.purpose()), Device: l.file.Dev, Inode: l.file.Ino}
		l.counts.export(&from)
		state.Sockets = append(state.Sockets, from)
	}
	state.Conns = s.conns.Export(w)
	state.Logins, state.Permits = s.logins.export(), s.permits
	if s.watcher != 0 {
		state.Watcher = w.Descriptor(s.watcher, watcherPurpose)
	}
	return state
}

func (l *listener) purpose() string { return "socket of " + l.config.Section }

// Import makes servers of their state. They are those of the active configuration.
func Import(r *handover.Reader, state ServersState, servers []config.Server, services Services) *Servers {
	s := &Servers{services: services, imported: &state}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if len(state.Sockets) != len(servers) {
		r.Fail(fmt.Errorf("there are %d sockets for %d servers", len(state.Sockets), len(servers)))
		return s
	}
	for i, c := range servers {
		from := &state.Sockets[i]
		l := listener{socket: &socket{opened: c, file: safefile.Info{Dev: from.Device, Ino: from.Inode}}, config: c, counts: importCounts(from)}
		from.FD = r.Descriptor(from.FD, l.purpose())
		s.listeners = append(s.listeners, l)
	}
	for _, t := range state.TLS {
		if t.Server < 0 || t.Server >= len(servers) {
			r.Fail(fmt.Errorf("there is a certificate of server %d", t.Server))
			return s
		}
		l := &s.listeners[t.Server]
		var err error
		if l.secure, err = importCertificates(l.config, t); err != nil {
			r.Fail(err)
			return s
		}
		s.certificates = append(s.certificates, l.secure)
	}
	for i := range state.Conns {
		c := &state.Conns[i]
		if c.Claim(r); c.Server < 0 || c.Server >= len(servers) {
			r.Fail(fmt.Errorf("there is a connection of server %d", c.Server))
		}
	}
	if state.Watcher != 0 {
		state.Watcher = r.Descriptor(state.Watcher, watcherPurpose)
	}
	s.logins.restore(state.Logins)
	s.begins()
	s.permits = s.permits || state.Permits
	return s
}

// Open opens what Begin needs, for imported servers.
func (s *Servers) Open() error {
	for i := range s.listeners {
		l := &s.listeners[i]
		f := os.NewFile(uintptr(s.imported.Sockets[i].FD), l.purpose())
		s.handed = append(s.handed, f)
		opened, err := net.FileListener(f) // of a copy of the descriptor
		if err != nil {
			return fmt.Errorf("%s: %w", l.purpose(), err)
		}
		l.Listener = opened
	}
	return nil
}

// Begin starts imported servers. A connection that cannot be gone on with is closed.
func (s *Servers) Begin() {
	state := s.imported
	if state.Watcher > 0 {
		defer s.continueWatch(state.Watcher)
	} else {
		defer s.watch()
	}
	for _, f := range s.handed {
		f.Close()
	}
	s.imported, s.handed = nil, nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start()
	for i := range state.Conns {
		c := &state.Conns[i]
		if conn, err := c.Open(); err == nil {
			s.listeners[c.Server].acceptor.Resume(conn, c)
		}
	}
	s.logins.begin()
}

func (f *failedLogins) export() LoginsState {
	f.mu.Lock()
	defer f.mu.Unlock()
	return LoginsState{handover.Time{Time: f.last}, f.more, f.who}
}

func (f *failedLogins) restore(s LoginsState) { f.last, f.more, f.who = s.Last.Time, s.More, s.Who }

// begin starts the timer for failed logins that are to be reported.
func (f *failedLogins) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.more > 0 {
		f.timer = time.AfterFunc(loginInterval-time.Since(f.last), f.flush)
	}
}
