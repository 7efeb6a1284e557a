package rpc

import (
	"context"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// rounds makes one answer do for all who ask for the same in the same second, as long as nothing has changed: many
// dashboards that list a thousand processes then cost little more than one, in time and in memory. Nobody gets an answer
// that is older than the last change, or than the second, in which he asked.
type rounds struct {
	turn sync.Mutex // held while an answer is made
	mu   sync.Mutex // guards what follows, and the users of each round
	last *round     // the latest answer
	next *round     // the one that is going to be made, for whoever asks before that begins
	room []byte     // of an answer that nobody needs any more
	size int        // of the latest answer
}

// round is one answer.
type round struct {
	users    int
	version  uint64 // of what supervisord knows, from just before it was made
	second   int64  // since 1970, from just before it was made
	made     chan struct{}
	response []byte
	err      error
}

// serve returns the answer of method m. When it has been sent, done must be called.
func (k *rounds) serve(s *Server, m *Method) (response []byte, done func(), err error) {
	if err := s.checkRunning(); err != nil {
		return nil, nil, err
	}
	k.mu.Lock()
	if r := k.last; r != nil && r.version == s.sup.Version() && r.second == time.Now().Unix() {
		r.users++
		k.mu.Unlock()
		return r.response, func() { k.release(r) }, nil
	}
	r := k.next
	first := r == nil
	if first {
		r = &round{made: make(chan struct{})}
		k.next = r
	}
	r.users++
	k.mu.Unlock()
	if first {
		k.turn.Lock()
		k.make(s, m, r)
		k.turn.Unlock()
	}
	<-r.made
	if r.err != nil {
		return nil, nil, r.err
	}
	return r.response, func() { k.release(r) }, nil
}

// make makes the answer of a round, which from now on nobody joins as the next.
func (k *rounds) make(s *Server, m *Method, r *round) {
	defer close(r.made)
	k.mu.Lock()
	k.next = nil
	room := k.room
	k.room = nil
	if cap(room) < k.size {
		room = make([]byte, 0, k.size+k.size/8)
	}
	k.mu.Unlock()
	r.version, r.second = s.sup.Version(), time.Now().Unix()
	var res result
	if res, r.err = m.Do(s, context.Background(), nil); r.err != nil {
		return
	}
	e := xmlrpc.NewEncoder(room[:0])
	res(e)
	r.response = e.Finish()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.size = len(r.response)
	before := k.last
	k.last = r
	k.recycle(before)
}

// release says that one of its users needs the answer of a round no more.
func (k *rounds) release(r *round) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r.users--
	k.recycle(r)
}

// maxKept is the largest room that is kept, in bytes: no list of processes is longer.
const maxKept = 8 << 20

// recycle keeps the room of an answer for another if nobody needs it any more.
func (k *rounds) recycle(r *round) {
	if r == nil || r == k.last || r.users > 0 || cap(r.response) > maxKept {
		return
	}
	k.room, r.response = r.response[:0], nil
}
