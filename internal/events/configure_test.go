package events

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// waiting are the payloads of the events in a pool.
func (p *Pool) waiting() string {
	var list []string
	for i := range p.queue.n {
		list = append(list, p.queue.at(i).event.Payload)
	}
	return strings.Join(list, " ")
}

// TestConfigure changes what a pool subscribes to while events wait: those stay that it still subscribes to, in order, as many as there is
// room for. Further ones are those of the new types.
func TestConfigure(t *testing.T) {
	b := &Bus{Serial: new(Serial)}
	var log bytes.Buffer
	pool := b.NewPool(PoolOptions{Name: "x", Events: []string{"TICK", "DISK"}, BufferSize: 10, Log: logs.NewMain(&log, api.Error)})
	b.Add(pool)
	emit := func() {
		b.Emit(api.Tick5, "t")
		b.Emit(api.RemoteCommunication, "r")
		b.EmitExtension("DISK_FULL", "d")
	}
	emit()
	emit()
	for _, c := range []struct {
		events    string
		size      int
		kept, all string
	}{
		{"TICK,DISK", 10, "t d t d", "t d t d t d"},
		{"TICK,REMOTE_COMMUNICATION", 10, "t t t", "t t t t r"},
		{"TICK,REMOTE_COMMUNICATION", 2, "t r", "t r"},
		{"EVENT", 4, "t r", "r t r d"},
		{"DISK_FULL", 4, "d", "d d"},
	} {
		pool.Configure(strings.Split(c.events, ","), c.size)
		if d := cmp.Diff(c.kept, pool.waiting()); d != "" {
			t.Errorf("%s %d: kept (-want +got):\n%s", c.events, c.size, d)
		}
		emit()
		if d := cmp.Diff(c.all, pool.waiting()); d != "" {
			t.Errorf("%s %d: (-want +got):\n%s", c.events, c.size, d)
		}
	}
	if b.Wants(api.Tick5) {
		t.Error("ticks are still wanted")
	}
	if n := strings.Count(log.String(), "pool x event buffer overflowed, discarding event "); n != 6 {
		t.Errorf("%d events were discarded:\n%s", n, log.String())
	}
}

// TestRemoveListener shows that a listener that was removed is sent nothing, and that another one is sent what it refused.
func TestRemoveListener(t *testing.T) {
	b := &Bus{Serial: new(Serial)}
	pool := b.NewPool(PoolOptions{Name: "x", Events: []string{"TICK"}, BufferSize: 10, Log: logs.NewMain(new(bytes.Buffer), api.Critical)})
	b.Add(pool)
	gone, stays := pool.AddListener("gone"), pool.AddListener("stays")
	var sent inputs
	for _, l := range []*Listener{gone, stays} {
		l.Receive([]byte("READY\n"), time.Now())
	}
	gone.Enable(&sent)
	b.Emit(api.Tick5, "1")
	gone.Receive([]byte("RESULT 4\nFAILREADY\n"), time.Now())
	gone.Disable()
	pool.RemoveListener(gone)
	stays.Enable(&sent)
	gone.Enable(&sent)
	if d := cmp.Diff(inputs{"1", "1"}, sent); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

type inputs []string

// Send implements Input.
func (s *inputs) Send(_ []byte, payload string) error {
	*s = append(*s, payload)
	return nil
}
