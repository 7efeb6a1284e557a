package logs

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// remoteRegistry has the Remotes of all servers. They stay until the end.
type remoteRegistry struct {
	mu     sync.Mutex
	at     map[Server]*Remote
	frozen bool
	warnf  func(format string, args ...any)
}

var remotes = &remoteRegistry{at: map[Server]*Remote{}}

// RemoteOf returns the Remote of a server. It connects with the first record.
func RemoteOf(s Server) *Remote {
	remotes.mu.Lock()
	defer remotes.mu.Unlock()
	r := remotes.at[s]
	if r == nil {
		r = &Remote{server: s, frozen: remotes.frozen}
		remotes.at[s] = r
	}
	return r
}

// ReportRemotes has conditions of servers logged.
func ReportRemotes(warnf func(format string, args ...any)) {
	remotes.mu.Lock()
	defer remotes.mu.Unlock()
	remotes.warnf = warnf
}

func (l *remoteRegistry) reporter() func(string, ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.warnf
}

// all returns the Remotes in a fixed order.
func (l *remoteRegistry) all() []*Remote {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedFunc(maps.Values(l.at), func(a, b *Remote) int {
		return cmp.Or(strings.Compare(a.server.String(), b.server.String()), strings.Compare(a.server.CA, b.server.CA),
			strings.Compare(a.server.Cert, b.server.Cert), strings.Compare(a.server.Key, b.server.Key))
	})
}

// freeze returns the Remotes, and has those that come later frozen or not.
func (l *remoteRegistry) freeze(frozen bool) []*Remote {
	l.mu.Lock()
	l.frozen = frozen
	l.mu.Unlock()
	return l.all()
}

// EndRemotes waits until records have been sent to servers that take them, for no longer than timeout, and reports how many each server
// lacks.
func EndRemotes(timeout time.Duration) {
	late := time.After(timeout)
	for _, r := range remotes.all() {
		if sent := r.flushed(); sent != nil {
			select {
			case <-sent:
			case <-late:
				late = time.After(0)
			}
		}
		r.end()
	}
}

// flushed returns nil if nothing is to be sent, or cannot be sent now, else a channel that closes when that is so.
func (r *Remote) flushed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.busy || r.failing && r.conn == nil {
		return nil
	}
	if r.empty == nil {
		r.empty = make(chan struct{})
	}
	return r.empty
}

// end reports, without another goroutine, how many records the server lacks.
func (r *Remote) end() {
	r.mu.Lock()
	unsent, lost := r.queue.unsent(), r.lost
	r.mu.Unlock()
	warnf := remotes.reporter()
	if warnf != nil && unsent+lost > 0 {
		warnf("syslog_server %s lacks %d records: %d were dropped, and %d could not be sent before the end", r.server, unsent+lost, lost, unsent)
	}
}

// stop has the goroutine end. It returns nil if there is none, or a channel that closes when it has ended.
func (r *Remote) stop() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frozen = true
	if !r.busy {
		return nil
	}
	r.cancel()
	if r.conn != nil {
		r.conn.interrupt()
	}
	if r.stopped == nil {
		r.stopped = make(chan struct{})
	}
	return r.stopped
}

func (r *Remote) thaw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frozen, r.stopped = false, nil
	if r.conn != nil {
		_ = r.conn.SetWriteDeadline(time.Time{})
	}
	r.start()
}

// RemoteState is what waits for a server. The next program makes a connection of its own.
type RemoteState struct {
	Server  Server   `json:"server"`
	Records [][]byte `json:"records,omitempty"`
	Dropped int      `json:"dropped,omitempty"` // records that no record has counted yet
	Lost    int      `json:"lost,omitempty"`
	Failing bool     `json:"failing,omitempty"`
}

// export returns the state of a frozen Remote. What has been sent is not part of it: the kernel delivers it when this program's connection
// is closed.
func (r *Remote) export() RemoteState {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := RemoteState{Server: r.server, Dropped: r.dropped, Lost: r.lost, Failing: r.failing}
	for _, record := range r.queue.records[r.queue.sent:] {
		s.Records = append(s.Records, record.data)
	}
	return s
}

func importRemote(s RemoteState) {
	r := RemoteOf(s.Server)
	r.dropped, r.lost, r.failing = s.Dropped, s.Lost, s.Failing
	for _, record := range s.Records {
		r.queue.push(record)
	}
}
