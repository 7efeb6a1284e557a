package output

import (
	"bytes"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of what Lines holds back.
const (
	maxPiece       = 64 << 10  // bytes of a line; a longer one becomes several records
	maxRecord      = 256 << 10 // bytes of a record of several lines
	maxRecordLines = 500
)

// The marks of records.
const (
	MarkLine    = '|' // a line, or the last piece of one
	MarkPartial = '+' // a piece of a line that goes on in the next record
	MarkOwn     = '#' // a mark of supervisord
)

// Record is one record of a log: a line, several that belong together, a piece of a long one, or a mark.
type Record struct {
	Time  time.Time // when its first byte was read
	Mark  byte
	Text  []byte // without the end of the last line; the ends of others are \n
	Rest  bool   // the beginning of the line is in the record before
	Event *Event // of a mark
}

// Event is a mark of supervisord: what has happened to the program.
type Event struct {
	Name     string // such as spawned
	Text     string // as in the main log
	Line     []byte // the line of the main log, for plain logs
	PID      int    // 0: none
	Ended    bool   // Status or Signal, and Expected, have a meaning
	Status   int
	Signal   string // empty: it has exited by itself
	Expected bool
}

// Lines is a target that makes lines of the output, and records of lines, which it passes on to one output or several. Time is the
// clock of the caller. It holds back the beginning of a line, and with Multiline the last record, until it is released. Any goroutine may
// call Write and Mark, one at a time.
type Lines struct {
	Outputs   []*Output
	Each      []func(r *Record) // get each record, and must not keep it
	Multiline *regexp.Regexp    // a line that matches begins a record; nil: each line is one
	Stamps    *Stamps
	Begin     func() // is called before the first record is made, and may wait; nil: nothing has to be known before

	begun  atomic.Bool
	mu     sync.Mutex
	held   []byte // the beginning of a line
	since  time.Time
	last   time.Time // when the last byte came
	goesOn bool      // the beginning of the line has become a record
	group  group
	record Record // that is passed on: one for each line would be garbage
	stamp  stamp
}

// group is a record of several lines that is not complete. The zero value is none.
type group struct {
	open   bool // lines that do not match belong to it
	text   []byte
	since  time.Time
	lines  int
	within bool // text ends within a line
	rest   bool // it begins within one
}

// Stamps makes the times of the records of a log ascend.
type Stamps struct {
	Now func() time.Time

	mu      sync.Mutex
	last    time.Time
	changes atomic.Uint32 // of last
}

// stamp is the time that the last record has got. The zero value is none.
type stamp struct {
	read, got time.Time
	change    uint32 // of Stamps; 0: none
}

// ascend returns the time of the next record, which is not before that of the last one. Last is what it returned for the record before: most
// have been read together, and then it takes no lock.
func (s *Stamps) ascend(t time.Time, last *stamp) time.Time {
	if last.change != 0 && t == last.read && last.change == s.changes.Load() {
		return last.got
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	got := t
	if t.Before(s.last) {
		got = s.last
	} else if s.last = t; s.changes.Add(1) == 0 {
		s.changes.Add(1)
	}
	*last = stamp{t, got, s.changes.Load()}
	return got
}

// begin calls Begin once. The lock is not held, because what is waited for may be a mark.
func (l *Lines) begin() {
	if l.begun.Load() {
		return
	}
	if l.Begin != nil {
		l.Begin()
	}
	l.begun.Store(true)
}

// Write implements Stage.
func (l *Lines) Write(chunk []byte) {
	l.begin()
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.Stamps.Now()
	l.last = now
	records := len(l.Each) > 0
	for _, o := range l.Outputs {
		if o.raw() {
			o.pass(chunk)
		} else {
			records = true
		}
	}
	if records {
		l.read(chunk, now)
		l.write()
	}
}

// read makes pieces of lines of a chunk.
func (l *Lines) read(chunk []byte, now time.Time) {
	for len(chunk) > 0 {
		if len(l.held) == 0 {
			l.since = now
		}
		room := maxPiece - len(l.held)
		end := bytes.IndexByte(chunk[:min(len(chunk), room+1)], '\n')
		switch {
		case end >= 0:
			line := chunk[:end+1]
			if len(l.held) > 0 {
				line = append(l.held, line...)
				l.held = nil
			}
			chunk = chunk[end+1:]
			l.line(line)
		case len(chunk) <= room:
			l.held = append(l.held, chunk...)
			return
		default:
			piece := chunk[:room]
			if len(l.held) > 0 {
				piece = append(l.held, piece...)
			}
			n := len(piece) - incomplete(piece)
			chunk = chunk[room:]
			l.held = bytes.Clone(piece[n:])
			l.piece(piece[:n], MarkPartial)
		}
	}
}

// line takes a line with its end.
func (l *Lines) line(raw []byte) {
	l.plain(raw)
	text := raw[:len(raw)-1]
	if n := len(text); n > 0 && text[n-1] == '\r' {
		text = text[:n-1]
	}
	l.take(text, MarkLine)
}

// piece takes a piece of a line without an end.
func (l *Lines) piece(raw []byte, mark byte) {
	l.plain(raw)
	l.take(raw, mark)
}

// plain passes a line or a piece to the outputs that get it as it is.
func (l *Lines) plain(raw []byte) {
	for _, o := range l.Outputs {
		if o.Format == nil && o.Whole {
			o.add(raw)
		}
	}
}

// take makes a record of a line or a piece, or adds it to the one that is not complete.
func (l *Lines) take(text []byte, mark byte) {
	first := !l.goesOn
	l.goesOn = mark == MarkPartial
	if l.Multiline == nil {
		l.emit(l.since, mark, text, !first)
		return
	}
	g := &l.group
	matches := first && l.Multiline.Match(text)
	switch {
	case matches:
		l.endGroup()
		g.open = true
	case !g.open:
		l.emit(l.since, mark, text, !first)
		return
	case len(g.text)+1+len(text) > maxRecord || g.lines >= maxRecordLines && !g.within:
		l.endGroup()
		g.open = true
	}
	switch {
	case g.lines == 0:
		g.since, g.lines, g.rest = l.since, 1, !first
	case !g.within:
		g.text, g.lines = append(g.text, '\n'), g.lines+1
	}
	g.text, g.within = append(g.text, text...), mark == MarkPartial
}

// endGroup makes a record of the lines that belong together, if there are any. What follows does not belong to them.
func (l *Lines) endGroup() {
	g := l.group
	l.group = group{}
	if g.lines == 0 {
		return
	}
	mark := byte(MarkLine)
	if g.within {
		mark = MarkPartial
	}
	l.emit(g.since, mark, g.text, g.rest)
}

// emit passes a record on.
func (l *Lines) emit(at time.Time, mark byte, text []byte, rest bool) {
	r := &l.record
	r.Time, r.Mark, r.Text, r.Rest = at, mark, text, rest // Event is that of marks
	l.pass(r)
}

func (l *Lines) pass(r *Record) {
	r.Time = l.Stamps.ascend(r.Time, &l.stamp)
	for _, each := range l.Each {
		each(r)
	}
	for _, o := range l.Outputs {
		if o.Format != nil {
			o.append(r)
		}
	}
}

// write has the outputs write what they have.
func (l *Lines) write() {
	l.record.Text = nil // it may be in the buffer of the pump
	for _, o := range l.Outputs {
		o.write()
	}
}

// Mark makes a record of a mark, between two lines.
func (l *Lines) Mark(e *Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.Outputs {
		if o.Format == nil {
			o.mark(e.Line)
		}
	}
	l.pass(&Record{Time: l.Stamps.Now(), Mark: MarkOwn, Text: []byte(e.Text), Event: e})
	l.write()
}

// Held returns how many bytes of memory are held back, since when, and when the last byte came.
func (l *Lines) Held() (n int, since, last time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, since = cap(l.held)+cap(l.group.text), l.since
	if l.group.lines > 0 {
		since = l.group.since
	}
	return n, since, l.last
}

// Release makes records of what is held back, because nothing more comes, or it takes too much memory. What may be the beginning of a
// character or of a line end stays, unless it is all there is.
func (l *Lines) Release() {
	l.begin()
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.held) - incomplete(l.held)
	if n > 1 && l.held[n-1] == '\r' {
		n--
	}
	if n == 0 {
		n = len(l.held)
	}
	l.release(n, MarkPartial)
	l.last = l.Stamps.Now()
	l.since = l.last // of what stays
}

// release makes records of n bytes of what is held back, and of the lines before it.
func (l *Lines) release(n int, mark byte) {
	held := l.held
	l.held = nil
	if n > 0 {
		l.piece(held[:n], mark)
	}
	l.endGroup()
	l.held = append(l.held, held[n:]...)
	l.write()
}

// Flush implements Stage. The end of the stream is the end of the line.
func (l *Lines) Flush() {
	n, _, _ := l.Held()
	if n > 0 {
		l.begin()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.group.within = false
	l.release(len(l.held), MarkLine)
	l.goesOn = false
}
