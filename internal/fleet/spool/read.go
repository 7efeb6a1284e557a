package spool

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/fleet"
)

// Record is an event of the spool.
type Record struct {
	Rev   fleet.Rev
	Event fleet.Event
	Data  []byte // its JSON
}

// Read returns up to n of the events after a revision, in order. It returns none if there is none. Events of a damaged part are left
// out and counted as dropped.
func (s *Spool) Read(after fleet.Rev, n int) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read(after, n)
}

// read is Read with the lock held. It returns events of one segment.
func (s *Spool) read(after fleet.Rev, n int) []Record {
	for i := range s.segments {
		last := i == len(s.segments)-1
		if !last && !s.segments[i+1].first.After(after) {
			continue
		}
		if records := s.readSegment(i, after, n); len(records) > 0 || last {
			return records
		}
	}
	return nil
}

// readSegment returns up to n events of a segment.
func (s *Spool) readSegment(i int, after fleet.Rev, n int) (records []Record) {
	seg, from := s.segments[i], int64(0)
	if s.cursor.first == seg.first && s.cursor.after == after {
		from = s.cursor.at
	}
	data, err := s.load(seg, from)
	previous := fleet.Rev{Epoch: seg.first.Epoch, N: seg.first.N - 1}
	if from > 0 {
		previous = after
	}
	for rest := data; err == nil && len(rest) > 0 && len(records) < n; {
		var frame []byte
		if frame, rest, err = fleet.NextFrame(rest); err != nil {
			break
		}
		var r Record
		if r, err = decodeRecord(frame); err != nil {
			break
		}
		from += int64(fleet.FrameHead + len(frame))
		previous = r.Rev
		if r.Rev.After(after) {
			records = append(records, r)
		}
	}
	if err != nil {
		s.damaged(i, previous, from)
	}
	if len(records) > 0 {
		s.cursor = cursor{after: records[len(records)-1].Rev, first: seg.first, at: from}
	}
	return records
}

// damaged shortens a segment to its first bytes, whose last event is known, and counts what else was in it.
func (s *Spool) damaged(i int, last fleet.Rev, size int64) {
	seg := &s.segments[i]
	s.lose(last.N+1, s.end(i))
	s.total -= seg.size - size
	seg.size, seg.end = size, last.N+1
	if i == len(s.segments)-1 {
		_ = s.file.Truncate(size) // what is written next replaces it anyway
		seg.end = 0
	}
}

// end returns the number after that of the last event of a segment.
func (s *Spool) end(i int) uint64 {
	switch {
	case s.segments[i].end > 0:
		return s.segments[i].end
	case i < len(s.segments)-1:
		return s.segments[i+1].first.N
	}
	return s.n + 1
}

// load reads a segment from a place to its end.
func (s *Spool) load(seg segment, from int64) ([]byte, error) {
	if from >= seg.size {
		return nil, nil
	}
	f, err := s.root.Open(segmentName(seg.first))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, seg.size-from)
	_, err = f.ReadAt(data, from)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}

func decodeRecord(frame []byte) (r Record, err error) {
	if r.Event, err = fleet.DecodeEvent(frame); err != nil {
		return r, err
	}
	r.Data = slices.Clone(frame)
	_, r.Rev, err = fleet.ParseEventID(r.Event.ID)
	return r, err
}

// Last returns the last event that came from supervisord, among those of the last two segments.
func (s *Spool) Last() (e fleet.Event, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.segments) - 1; i >= max(0, len(s.segments)-2) && !ok; i-- {
		data, err := s.load(s.segments[i], 0)
		for rest := data; err == nil && len(rest) > 0; {
			var frame []byte
			if frame, rest, err = fleet.NextFrame(rest); err != nil {
				break
			}
			if r, err := decodeRecord(frame); err == nil && r.Event.From != nil {
				e, ok = r.Event, true
			}
		}
	}
	return e, ok
}

const suffix = ".events"

// segmentName returns the file name of a segment; names have the order of the segments.
func segmentName(first fleet.Rev) string {
	return fmt.Sprintf("%020d-%020d%s", first.Epoch, first.N, suffix)
}

func parseSegmentName(name string) (first fleet.Rev, ok bool) {
	_, err := fmt.Sscanf(name, "%020d-%020d", &first.Epoch, &first.N)
	return first, err == nil && first.N > 0 && name == segmentName(first)
}

// find finds the segments, opens the last one, and cuts off what is behind its last whole frame: a crash may leave a part of one.
func (s *Spool) find() error {
	dir, err := s.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		first, ok := parseSegmentName(name)
		if !ok || !strings.HasSuffix(name, suffix) {
			continue
		}
		info, err := s.root.Lstat(name)
		if err != nil || !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a plain file", name)
		}
		s.segments = append(s.segments, segment{first: first, size: info.Size()})
		s.total += info.Size()
	}
	if len(s.segments) == 0 {
		return nil
	}
	return s.openLast()
}

func (s *Spool) openLast() (err error) {
	last := &s.segments[len(s.segments)-1]
	if s.file, err = s.root.OpenFile(segmentName(last.first), os.O_RDWR, 0); err != nil {
		return err
	}
	if last.size > SegmentBytes {
		return fmt.Errorf("%s has more than %d bytes", segmentName(last.first), SegmentBytes)
	}
	data, err := s.load(*last, 0)
	if err != nil {
		return err
	}
	s.last = fleet.Rev{Epoch: last.first.Epoch, N: last.first.N - 1}
	whole := 0
	for rest := data; len(rest) > 0; {
		frame, after, err := fleet.NextFrame(rest)
		if err != nil {
			break
		}
		r, err := decodeRecord(frame)
		if err != nil {
			break
		}
		whole, rest, s.last = len(data)-len(after), after, r.Rev
	}
	s.total -= last.size - int64(whole)
	last.size = int64(whole)
	return s.file.Truncate(last.size)
}
