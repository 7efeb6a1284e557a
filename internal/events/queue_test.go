package events

import (
	"strings"
	"testing"
)

// TestOverflow shows that a full pool discards its oldest event.
func TestOverflow(t *testing.T) {
	pt := newPoolTest(t, 1, 2)
	pt.emit("a", "b", "c", "d")
	pt.logged("ERRO pool pool event buffer overflowed, discarding event 0",
		"ERRO pool pool event buffer overflowed, discarding event 1")
	pt.receive(0, "READY\n")
	pt.got(0, "2 2 c")
	pt.logged("DEBG l0: ACKNOWLEDGED -> READY", "DEBG event 2 sent to listener l0",
		"DEBG rebuffering event 3 for pool pool (buf size=0, max=2)")
	pt.emit("e")
	pt.ls[0].Exited()
	pt.logged("DEBG rebuffering event 2 for pool pool (buf size=2, max=2)",
		"ERRO pool pool event buffer overflowed, discarding event 3")
	pt.receive(0, "READY\n")
	pt.got(0, "2 2 c")
	pt.receive(0, "RESULT 2\nOKREADY\n")
	pt.got(0, "4 4 e")
}

// TestQueueBytes shows that a queue is bounded in bytes as well: its oldest events are discarded, and one that is larger than
// the bound is queued alone. A pool that may have many events may have many bytes.
// covers: SEC-19
// differs: DIFF-194 bytes are bounded
func TestQueueBytes(t *testing.T) {
	const mega = 1 << 20
	data := func(n int) string { return strings.Repeat("x", n-len("type:t\n")) }
	pt := newPoolTest(t, 1, 100)
	for i := range 20 {
		pt.emit(data(mega))
		if want := min(i+1, 16); pt.queue.n != want || pt.queue.bytes != want*mega {
			t.Fatalf("%d events, %d bytes", pt.queue.n, pt.queue.bytes)
		}
	}
	pt.logged("ERRO pool pool event buffer overflowed, discarding event 0", "ERRO pool pool event buffer overflowed, discarding event 1",
		"ERRO pool pool event buffer overflowed, discarding event 2", "ERRO pool pool event buffer overflowed, discarding event 3")
	pt.emit(data(20 * mega))
	if pt.queue.n != 1 || pt.queue.bytes != 20*mega {
		t.Errorf("%d events, %d bytes", pt.queue.n, pt.queue.bytes)
	}
	pt.receive(0, "READY\n")
	pt.emit(data(10*mega), data(mega))
	pt.log.Reset()
	pt.ls[0].Exited() // gives its event back, which is larger than the bound
	pt.logged("DEBG rebuffering event 20 for pool pool (buf size=2, max=100)",
		"ERRO pool pool event buffer overflowed, discarding event 21", "ERRO pool pool event buffer overflowed, discarding event 22")
	if pt.queue.n != 1 || pt.queue.bytes != 20*mega {
		t.Errorf("%d events, %d bytes", pt.queue.n, pt.queue.bytes)
	}
	many := newPoolTest(t, 1, 1000)
	for range 40 {
		many.emit(data(mega))
	}
	if many.queue.n != 40 {
		t.Errorf("buffer_size=1000: %d events", many.queue.n)
	}
}

// TestQueue moves many entries around the ring.
func TestQueue(t *testing.T) {
	var q queue
	next, first := uint64(0), uint64(0)
	for round := range 3000 {
		for range round%7 + 1 {
			q.pushBack(entry{event: new(Event), serial: next})
			next++
		}
		for range round % 6 {
			e := q.popFront()
			q.pushFront(e)
			if e = q.popFront(); e.serial != first {
				t.Fatalf("got %d, want %d", e.serial, first)
			}
			first++
		}
	}
	for ; q.n > 0; first++ {
		if e := q.popFront(); e.serial != first {
			t.Fatalf("got %d, want %d", e.serial, first)
		}
	}
	if first != next || q.ring != nil {
		t.Errorf("%d of %d entries were returned, the ring has %d", first, next, len(q.ring))
	}
}
