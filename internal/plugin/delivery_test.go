package plugin

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// upgrade hands the bus and the delivery over to a subscriber of its own, after the freeze.
func (s *pluginTest) upgrade(pool *events.Pool) *events.Pool {
	s.t.Helper()
	type room struct {
		Bus      events.State
		Delivery DeliveryState
	}
	w := handover.NewWriter("1")
	w.Put("events", room{s.bus.Export(), s.ExportDelivery()})
	text, err := w.Text()
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := handover.Read(text, "2", false)
	if err != nil {
		s.t.Fatal(err)
	}
	var state room
	r.Get("events", &state)
	s.bus.Remove(pool)
	next := s.bus.NewPool(pool.PoolOptions)
	s.subscriber = &subscriber{plugin: s.Plugin, pool: next, listener: next.AddListener(s.Name), delay: minDelay}
	s.bus.Add(next)
	s.ImportDelivery(state.Delivery)
	s.bus.Import(r, state.Bus, func(*events.Pool, string) events.Input { return s.Input() })
	if err := r.Complete(); err != nil {
		s.t.Fatal(err)
	}
	s.bus.Begin()
	s.BeginDelivery()
	return next
}

// covers: L12-d
// A freeze waits for the call in progress. An event that was accepted then is not sent again; those that came meanwhile are sent later.
func TestDeliveryIsHandedOver(t *testing.T) {
	for _, upgrades := range []bool{false, true} {
		s, got := newSubscriber(t)
		pool := s.subscriber.pool
		accept, entered, leave := *s.answer.Load(), make(chan struct{}, 1), make(chan struct{})
		s.respond(func(w http.ResponseWriter, call xmlrpc.Call) {
			entered <- struct{}{}
			<-leave
			s.respond(accept)
			accept(w, call)
		})
		s.Up()
		defer s.listen()()
		s.Emit("DISK", "one")
		<-entered
		s.bus.Freeze()
		if err := s.FreezeDelivery(time.Now()); err == nil || err.Error() != "busy: x has not answered an event" {
			t.Fatalf("%v", err)
		}
		close(leave)
		if err := s.FreezeDelivery(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		s.Emit("DISK", "two")
		if upgrades {
			pool = s.upgrade(pool)
		} else {
			s.bus.Thaw()
			s.ThawDelivery()
		}
		for _, want := range []string{" one", " two"} {
			if line := <-got; !strings.HasSuffix(line, want) {
				t.Errorf("got %q, want %q, handed over: %v", line, want, upgrades)
			}
		}
		s.bus.Remove(pool)
	}
}

// covers: L12-d
// The delay after an event that was not accepted goes on, and the event is sent again. The next delay is longer.
func TestDelayIsHandedOver(t *testing.T) {
	for _, upgrades := range []bool{false, true} {
		s, got := newSubscriber(t)
		accept := *s.answer.Load()
		s.respond(func(w http.ResponseWriter, _ xmlrpc.Call) {
			s.respond(accept)
			w.Write(xmlrpc.AppendFault(nil, 1, "not now"))
		})
		s.subscriber.delay = time.Hour
		s.Up()
		defer s.listen()()
		s.Emit("DISK", "one")
		for s.subscriber.delivery.Load() != delaying {
			runtime.Gosched()
		}
		s.bus.Freeze()
		if err := s.FreezeDelivery(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		state := s.ExportDelivery()
		if left := time.Until(state.Until.Time); left < time.Hour/2 || left > time.Hour || state.Delay != maxDelay {
			t.Errorf("%v are left, the next delay is %v", left, state.Delay)
		}
		s.subscriber.until = time.Now()
		if upgrades {
			s.upgrade(s.subscriber.pool)
		} else {
			s.bus.Thaw()
			s.ThawDelivery()
		}
		if line := s.next(got); !strings.HasSuffix(line, " one") {
			t.Errorf("got %q, handed over: %v", line, upgrades)
		}
	}
}

// covers: L12-d
// A plug-in without events has nothing to hand over.
func TestNoDelivery(t *testing.T) {
	s := newPluginTest(t)
	if s.FreezeDelivery(time.Now()) != nil || s.ExportDelivery() != (DeliveryState{}) || s.Input() != nil {
		t.Error("it has a delivery")
	}
	s.ImportDelivery(DeliveryState{})
	s.ThawDelivery()
	s.BeginDelivery()
}
