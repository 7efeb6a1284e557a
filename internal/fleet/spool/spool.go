// Package spool keeps the events of an agent on disk until the hub has them, and an hour longer. Files are segments of frames, see
// package fleet; what is written is on disk within a second. The size is bounded: when the spool is full the oldest segment is dropped
// and what it held is counted. A spool belongs to one process; any goroutine of it may use it. No call waits for the network.
package spool

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/workdir"
)

// SegmentBytes is the size that no segment exceeds.
const SegmentBytes = 1 << 20

// syncAfter is how long what was written may be in memory only.
const syncAfter = 500 * time.Millisecond

// Spool is an open spool.
type Spool struct {
	host  string
	limit int64 // bytes
	root  *workdir.Dir

	mu       sync.Mutex
	meta     meta
	saved    meta      // in its file
	last     fleet.Rev // the last event when the spool was opened
	n        uint64    // of the last event
	segments []segment // by age; the last one is written to
	file     *os.File  // the last segment
	total    int64     // bytes of all segments
	cursor   cursor
	unsynced []*os.File // the last one is file, if it is among them
	timer    *time.Timer
	syncErr  error
	closed   bool
}

// segment is a file of events. The events of a segment have the numbers from its first to that before the next segment.
type segment struct {
	first fleet.Rev
	size  int64
	end   uint64 // the number after that of the last event, if the rest is damaged
}

// cursor is where the last Read has ended.
type cursor struct {
	after fleet.Rev // the event before
	first fleet.Rev // of the segment
	at    int64
}

// Open opens the spool in a directory, and makes it if it is not there. Now is the epoch of a new spool, so that events of a spool that
// was removed do not get the same ids again. The error has a *workdir.TakenError if another process has it open.
func Open(dir, host string, limit int64, now time.Time) (_ *Spool, err error) {
	s := &Spool{host: host, limit: limit}
	if s.root, err = workdir.Open(dir); err != nil {
		return nil, fmt.Errorf("cannot use spool: %w", err)
	}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	if s.meta, err = readMeta(s.root.Root, now); err != nil {
		return nil, fmt.Errorf("cannot use spool %s: %w", dir, err)
	}
	if err := s.find(); err != nil {
		return nil, fmt.Errorf("cannot use spool %s: %w", dir, err)
	}
	s.meta.Epoch = max(s.meta.Epoch, s.last.Epoch) + 1 // the file that says it may have been lost
	s.n = max(s.last.N, s.meta.Acked.N)
	if err := s.save(); err != nil {
		return nil, fmt.Errorf("cannot write to spool %s: %w", dir, err)
	}
	return s, nil
}

func (s *Spool) release() {
	if s.file != nil {
		_ = s.file.Close()
	}
	_ = s.root.Close()
}

// Close writes what is in memory to disk, and gives the spool up.
func (s *Spool) Close() error {
	err := s.Sync()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return err
	}
	s.closed = true
	err = errors.Join(err, s.save())
	s.release()
	return err
}

// Name returns the random name that the spool got when it was made.
func (s *Spool) Name() string { return s.meta.Name }

// Rev returns the epoch of this process, and the number of the last event.
func (s *Spool) Rev() fleet.Rev {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fleet.Rev{Epoch: s.meta.Epoch, N: s.n}
}

// Acked returns the last event that the hub has acknowledged together with all before it.
func (s *Spool) Acked() fleet.Rev {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meta.Acked
}

// Append gives an event its id and writes it. After an error the event is not in the spool.
func (s *Spool) Append(e fleet.Event) (fleet.Event, fleet.Rev, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return e, fleet.Rev{}, os.ErrClosed
	}
	return s.append(e)
}

// append is Append with the lock held.
func (s *Spool) append(e fleet.Event) (fleet.Event, fleet.Rev, error) {
	rev := fleet.Rev{Epoch: s.meta.Epoch, N: s.n + 1}
	e.V, e.ID = fleet.Version, fleet.EventID(s.host, rev)
	data, err := e.Encode()
	if err != nil {
		return e, rev, err
	}
	frame := fleet.AppendFrame(make([]byte, 0, len(data)+fleet.FrameHead), data)
	if err := s.room(rev, int64(len(frame))); err != nil {
		return e, rev, err
	}
	last := &s.segments[len(s.segments)-1]
	if _, err := s.file.WriteAt(frame, last.size); err != nil {
		_ = s.file.Truncate(last.size)
		return e, rev, err
	}
	last.size += int64(len(frame))
	s.total += int64(len(frame))
	s.n = rev.N
	s.soon()
	return e, rev, nil
}

// room makes sure that the last segment has room for so many bytes, and drops the oldest ones if the spool becomes too large.
func (s *Spool) room(next fleet.Rev, n int64) error {
	if s.file == nil || s.segments[len(s.segments)-1].size+n > SegmentBytes {
		f, err := s.root.OpenFile(segmentName(next), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		s.retire()
		s.file = f
		s.segments = append(s.segments, segment{first: next})
	}
	for len(s.segments) > 1 && s.total+n > s.limit {
		if err := s.dropOldest(); err != nil {
			return err
		}
	}
	return nil
}

// dropOldest removes the oldest segment, and counts the events in it that were not acknowledged.
func (s *Spool) dropOldest() error {
	oldest := s.segments[0]
	if err := s.root.Remove(segmentName(oldest.first)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s.lose(oldest.first.N, s.end(0))
	s.total -= oldest.size
	s.segments = s.segments[1:]
	return nil
}

// lose counts events that nothing will send any more: those with numbers from first to before end, without the acknowledged ones.
func (s *Spool) lose(first, end uint64) {
	if first = max(first, s.meta.Acked.N+1); end > first {
		s.meta.Dropped += end - first
	}
}

// Dropped returns how many events were lost before they were sent, since Told was called.
func (s *Spool) Dropped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meta.Dropped
}

// Told subtracts dropped events that have been reported by an event.
func (s *Spool) Told(n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meta.Dropped -= min(n, s.meta.Dropped)
}

// SetAcked notes that the hub has the event and all before it.
func (s *Spool) SetAcked(rev fleet.Rev) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meta.Acked = rev
}

// Renumber gives all events ids of a new epoch, which is later than the given one, and sends them all again. It is for a spool that
// was restored, or made while the clock was wrong: the hub has later ids of this host.
func (s *Spool) Renumber(later uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.segments
	var events []fleet.Event
	s.cursor = cursor{}
	for after := (fleet.Rev{}); ; {
		records := s.read(after, math.MaxInt)
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			events, after = append(events, r.Event), r.Rev
		}
	}
	s.meta.Epoch = max(s.meta.Epoch, later) + 1
	s.meta.Acked = fleet.Rev{}
	if err := s.save(); err != nil {
		return err
	}
	s.retire()
	s.file, s.segments, s.total, s.cursor = nil, nil, 0, cursor{}
	for _, e := range events {
		if _, _, err := s.append(e); err != nil {
			return err
		}
	}
	for _, seg := range old {
		if err := s.root.Remove(segmentName(seg.first)); err != nil {
			return err
		}
	}
	return nil
}

// Trim writes down what was acknowledged, and removes segments of which all was acknowledged and nothing was written for keep.
func (s *Spool) Trim(now time.Time, keep time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.segments) > 1 && s.segments[1].first.N <= s.meta.Acked.N+1 {
		info, err := s.root.Stat(segmentName(s.segments[0].first))
		if err == nil && now.Sub(info.ModTime()) < keep {
			break
		}
		if err := s.dropOldest(); err != nil {
			return err
		}
	}
	return s.save()
}

// save writes down what has changed.
func (s *Spool) save() error {
	if s.meta == s.saved {
		return nil
	}
	if err := s.meta.write(s.root.Root); err != nil {
		return err
	}
	s.saved = s.meta
	return nil
}
