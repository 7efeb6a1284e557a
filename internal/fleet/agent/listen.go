package agent

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// listen takes events from supervisord until its input ends. The last event of the spool, from an earlier run, shows whether one comes
// again and whether some were lost between the two.
func (a *Agent) listen(previous fleet.Event) error {
	l := childutils.NewListener(a.o.In, a.o.Out)
	var seen sequence
	if previous.From != nil {
		seen = sequence{last: *previous.From, known: true, first: true}
	}
	for {
		event, err := l.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		a.handle(event, &seen)
		if err := l.OK(); err != nil {
			return err
		}
	}
}

// handle spools an event, unless it is one that nothing collects or that is in the spool already.
func (a *Agent) handle(event childutils.Event, seen *sequence) {
	kind, collected := fleet.KindOf(event.Name())
	from := fleet.From{Daemon: a.o.Daemon, Serial: number(event.Header["serial"]), PoolSerial: number(event.Header["poolserial"])}
	gap, repeated := seen.next(from)
	if gap > 0 {
		a.o.Log.Printf("WARN %d events of supervisord were lost: its buffer was full", gap)
		a.append(fleet.Event{Kind: fleet.AgentEvent, Agent: &fleet.AgentNote{Gap: gap}})
	}
	if repeated || !collected {
		return
	}
	fields, _ := event.Data()
	e := fleet.Event{Kind: kind, Type: event.Name(), Fields: fields, From: &from}
	if kind == fleet.StateEvent && !a.flood.take(time.Now()) {
		e.At = time.Now().UnixMilli()
		a.merge(e)
		return
	}
	a.append(e)
}

func number(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 64)
	return n
}

// sequence finds gaps in the numbers of events.
type sequence struct {
	last  fleet.From
	known bool // there is a last one
	first bool // it is of an earlier run of the agent
}

// next returns how many events are missing before one, and whether it has been there already: supervisord sends an event again whose
// listener has ended before it answered. A number that is not larger is of a new pool, whose numbers begin at 0 again.
func (s *sequence) next(from fleet.From) (gap uint64, repeated bool) {
	last, known, first := s.last, s.known, s.first
	s.last, s.known, s.first = from, true, false
	switch {
	case !known || last.Daemon != from.Daemon:
		return 0, false
	case first && last == from:
		return 0, true
	case from.PoolSerial > last.PoolSerial+1 && from.Serial > last.Serial:
		return from.PoolSerial - last.PoolSerial - 1, false
	}
	return 0, false
}
