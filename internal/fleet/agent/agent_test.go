package agent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/agent"
	"github.com/gosupervisor/supervisor/internal/fleet/hub"
	"github.com/gosupervisor/supervisor/internal/freeport"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// supervisor is a supervisord made of values.
type supervisor struct {
	mu    sync.Mutex
	infos []client.ProcessInfo
	err   error
}

func (s *supervisor) State(context.Context) (client.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return client.State{Code: 1, Name: "RUNNING"}, s.err
}

func (s *supervisor) AllProcessInfo(context.Context) ([]client.ProcessInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.infos, s.err
}

func (s *supervisor) SupervisorVersion(context.Context) (string, error) { return "4.2.5", nil }
func (s *supervisor) Identification(context.Context) (string, error)    { return "supervisor", nil }
func (s *supervisor) URL() string                                       { return "unix:///s" }

// running is an agent with its hub.
type running struct {
	t          *testing.T
	hub        *hub.Hub
	supervisor *supervisor
	in         *io.PipeWriter
	log        *lockedBuffer
	ended      chan error
	stop       context.CancelFunc
	serial     int
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startHub(t *testing.T) *hub.Hub {
	t.Helper()
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	c := fleet.Default().Hub
	c.Listen, c.Data, c.LostAfter = net.JoinHostPort("127.0.0.1", fmt.Sprint(port)), filepath.Join(t.TempDir(), "hub"), 3*time.Second
	h, err := hub.Start(c, log.New(io.Discard, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// start starts an agent with a spool, whose supervisord has a program.
func start(t *testing.T, h *hub.Hub, spool string) *running {
	t.Helper()
	r := &running{t: t, hub: h, supervisor: &supervisor{infos: []client.ProcessInfo{{Group: "a", Name: "a", State: 20, PID: 7, Start: 100}}},
		log: &lockedBuffer{}, ended: make(chan error, 1)}
	c := fleet.Default().Agent
	c.Hubs, c.Host, c.Spool = []string{h.URL()}, "h", spool
	in, w := io.Pipe()
	r.in = w
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() {
		r.ended <- agent.Run(ctx, agent.Options{Config: c, Supervisor: r.supervisor, In: in, Out: io.Discard, Log: log.New(r.log, "", 0), Machine: "m", Daemon: "d"})
		_ = in.Close()
	}()
	t.Cleanup(cancel)
	return r
}

// end stops the agent.
func (r *running) end() {
	r.t.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		r.t.Fatal(err)
	}
}

// send sends an event to the agent.
func (r *running) send(name, payload string) {
	r.serial++
	_, err := fmt.Fprintf(r.in, "ver:3.0 server:s serial:%d pool:p poolserial:%d eventname:%s len:%d\n%s", r.serial, r.serial, name, len(payload), payload)
	if err != nil {
		r.t.Error(err)
	}
}

// hubClient is a client of a hub.
func hubClient(t *testing.T, h *hub.Hub) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect(h.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// waitState waits until the hub has a state of a process.
func waitState(t *testing.T, js jetstream.JetStream, p fleet.Process, is func(s fleet.State, ok bool) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	kv, err := js.KeyValue(ctx, fleet.StateBucket)
	if err != nil {
		t.Fatal(err)
	}
	watch, err := kv.Watch(ctx, p.Key())
	if err != nil {
		t.Fatal(err)
	}
	for entry := range watch.Updates() {
		if entry == nil {
			continue
		}
		s, err := fleet.DecodeState(entry.Value())
		if is(s, err == nil && entry.Operation() == jetstream.KeyValuePut) {
			return
		}
	}
	t.Fatalf("%v: %v", p, ctx.Err())
}

// events returns the ids of all events, and what the agents say in theirs.
func events(t *testing.T, js jetstream.JetStream, until string) (ids []string, notes []fleet.AgentNote) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := js.OrderedConsumer(ctx, fleet.EventStream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := c.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Stop()
	defer context.AfterFunc(ctx, messages.Stop)()
	for {
		m, err := messages.Next()
		if err != nil {
			t.Fatalf("no event has %s: %v; there are %v", until, err, ids)
		}
		e, err := fleet.DecodeEvent(m.Data())
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e.ID)
		if e.Agent != nil {
			notes = append(notes, *e.Agent)
		}
		if strings.Contains(string(m.Data()), until) {
			return ids, notes
		}
	}
}

func process(name string) fleet.Process { return fleet.Process{Host: "h", Group: name, Name: name} }

// TestStates shows that states follow from events, and that they are compared with what supervisord reports after a group was removed.
func TestStates(t *testing.T) {
	h := startHub(t)
	js := hubClient(t, h)
	r := start(t, h, filepath.Join(t.TempDir(), "spool"))
	defer r.end()
	waitState(t, js, process("a"), func(s fleet.State, ok bool) bool { return ok && s.PID == 7 })
	r.send("PROCESS_STATE_STOPPED", "processname:a groupname:a from_state:STOPPING pid:7")
	waitState(t, js, process("a"), func(s fleet.State, ok bool) bool { return ok && s.State == "STOPPED" && s.PID == 0 })
	r.supervisor.mu.Lock()
	r.supervisor.infos = []client.ProcessInfo{{Group: "b", Name: "b", State: 200, SpawnErr: "no such file"}}
	r.supervisor.mu.Unlock()
	r.send("TICK_5", "when:1")
	r.send("PROCESS_GROUP_REMOVED", "groupname:a\n")
	waitState(t, js, process("b"), func(s fleet.State, ok bool) bool { return ok && s.Note == "no such file" })
	waitState(t, js, process("a"), func(_ fleet.State, ok bool) bool { return !ok })
	ids, _ := events(t, js, "PROCESS_GROUP_REMOVED")
	if len(ids) != 3 {
		t.Errorf("%v: a tick is not collected", ids)
	}
}

// TestLaterHub shows an agent with a new spool, made while the clock was wrong: its events get ids after those that the hub has.
func TestLaterHub(t *testing.T) {
	h := startHub(t)
	js := hubClient(t, h)
	later := uint64(time.Now().Add(24 * time.Hour).Unix())
	id := fleet.EventID("h", fleet.Rev{Epoch: later, N: 50})
	data, err := fleet.Event{V: fleet.Version, ID: id, Kind: fleet.StateEvent}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), fleet.EventSubject("h", fleet.StateEvent), data); err != nil {
		t.Fatal(err)
	}
	r := start(t, h, filepath.Join(t.TempDir(), "spool"))
	r.send("PROCESS_STATE_STOPPED", "processname:z groupname:z from_state:STOPPING pid:7")
	ids, _ := events(t, js, `"processname":"z"`)
	if len(ids) != 3 {
		t.Fatalf("%v", ids)
	}
	for _, id := range ids[1:] {
		if _, rev, err := fleet.ParseEventID(id); err != nil || rev.Epoch <= later {
			t.Errorf("%s is not after %d", id, later)
		}
	}
	r.end()
	if text := r.log.String(); !strings.Contains(text, "the hub has later events of this host") {
		t.Error(text)
	}
}

// TestGapBetweenRuns shows that an agent tells how many events were lost before its start, by what an earlier one has spooled.
func TestGapBetweenRuns(t *testing.T) {
	h := startHub(t)
	js := hubClient(t, h)
	dir := filepath.Join(t.TempDir(), "spool")
	r := start(t, h, dir)
	r.send("PROCESS_STATE_STOPPED", "processname:y groupname:y")
	events(t, js, `"processname":"y"`)
	r.end()
	serial := r.serial
	r = start(t, h, dir)
	r.serial = serial - 1
	r.send("PROCESS_STATE_STOPPED", "processname:y groupname:y") // the last one again
	r.serial += 4
	r.send("PROCESS_STATE_STOPPED", "processname:z groupname:z")
	ids, notes := events(t, js, `"processname":"z"`)
	if want := []fleet.AgentNote{{Started: true}, {Started: true}, {Gap: 4}}; fmt.Sprint(notes) != fmt.Sprint(want) || len(ids) != 5 {
		t.Errorf("%v, %v", ids, notes)
	}
	r.end()
}

// TestTaken shows that of two agents with one name the second ends, and that the first one ends when the second has taken the name.
func TestTaken(t *testing.T) {
	h := startHub(t)
	js := hubClient(t, h)
	first := start(t, h, filepath.Join(t.TempDir(), "spool"))
	waitState(t, js, process("a"), func(_ fleet.State, ok bool) bool { return ok })
	var taken *agent.TakenError
	if err := <-start(t, h, filepath.Join(t.TempDir(), "other")).ended; !errors.As(err, &taken) || taken.Host != "h" || taken.By.Machine != "m" {
		t.Errorf("the second one: %v", err)
	}
	kv, err := js.KeyValue(t.Context(), fleet.AliveBucket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), "h", []byte(`{"v":1,"spool":"x","epoch":1,"machine":"n","pid":3}`)); err != nil {
		t.Fatal(err)
	}
	if err := <-first.ended; !errors.As(err, &taken) || taken.By.Machine != "n" {
		t.Errorf("the first one: %v", err)
	}
}
