package sdnotify

import "time"

// SocketState is a socket without its descriptor.
type SocketState struct {
	Address string `json:"address"`
	Refused bool   `json:"refused,omitempty"`
}

// Export returns the state of a socket on a system where it has no file.
func (s *Socket) Export() *SocketState {
	if s == nil {
		return nil
	}
	return &SocketState{s.Address, s.refused}
}

// ImportSocket makes a socket of its state. Its messages go to the queue.
func ImportSocket(s *SocketState, uid int, q *Queue) *Socket {
	return &Socket{Queue: q, Address: s.Address, user: uid, refused: s.Refused}
}

// SetAlive sets when the last WATCHDOG=1 came, zero for never.
func (q *Queue) SetAlive(at time.Time) {
	if !at.IsZero() {
		q.alive.Store(int64(at.Sub(epoch)))
	}
}

// Pending reports whether there is something to take.
func (q *Queue) Pending() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.pending) > 0
}
