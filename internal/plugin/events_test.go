package plugin

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// newSubscriber is a plug-in that subscribed to all events; got receives those that it accepts.
func newSubscriber(t *testing.T) (s *pluginTest, got chan string) {
	s = newPluginTest(t)
	pool := s.bus.NewPool(events.PoolOptions{Name: "x", Identifier: "my host", Events: []string{"EVENT"}, BufferSize: 10,
		Log: s.Log})
	s.Subscribe(pool)
	s.bus.Add(pool)
	got = make(chan string, 100)
	s.respond(func(w http.ResponseWriter, call xmlrpc.Call) {
		if call.Method != EventMethod || len(call.Params) != 2 {
			t.Errorf("%+v", call)
		}
		line := ""
		for _, m := range call.Params[0].Members {
			line += fmt.Sprintf("%s:%s%d ", m.Name, m.Value.Text, m.Value.Number)
		}
		got <- line + call.Params[1].Text
		reply(w, xmlrpc.Value{Kind: xmlrpc.Bool, Number: 1})
	})
	return s, got
}

// next returns the next event that the plug-in accepts. Retries are due at once.
func (s *pluginTest) next(got <-chan string) string {
	for {
		select {
		case line := <-got:
			return line
		default:
			s.bus.Resume(time.Now().Add(time.Hour))
			runtime.Gosched()
		}
	}
}

// TestEvents delivers events one after the other, beginning with those from before the plug-in was up.
func TestEvents(t *testing.T) {
	s, got := newSubscriber(t)
	const head = "ver:3.00 server:my host0 serial:%d pool:x0 poolserial:%d eventname:%s0 %s"
	s.bus.Emit(api.RemoteCommunication, events.Remote("t", "a\nb"))
	s.Emit("DISK", "path:/var")
	s.Up()
	defer s.listen()()
	s.expect("first", <-got, fmt.Sprintf(head, 0, 0, "REMOTE_COMMUNICATION", "type:t\na\nb"))
	s.expect("second", <-got, fmt.Sprintf(head, 1, 1, "DISK", "path:/var"))
	s.Emit("DISK", "€ \xff")
	s.expect("third", <-got, fmt.Sprintf(head, 2, 2, "DISK", `Undecodable: b'\xe2\x82\xac \xff'`))
}

// TestEventNotAccepted delivers an event again after a fault or false, and loses none when the process changes.
func TestEventNotAccepted(t *testing.T) {
	s, got := newSubscriber(t)
	accept := *s.answer.Load()
	s.Up()
	stop := s.listen()
	tries := make(chan int, 10)
	n := 0
	s.respond(func(w http.ResponseWriter, call xmlrpc.Call) {
		n++
		switch n {
		case 1:
			w.Write(xmlrpc.AppendFault(nil, 1, "not now"))
		case 2:
			reply(w, xmlrpc.Value{Kind: xmlrpc.Bool})
		default:
			s.respond(accept)
			accept(w, call)
		}
		tries <- n
	})
	s.Emit("DISK", "one")
	if line := s.next(got); !strings.HasSuffix(line, " one") || len(tries) < 2 {
		t.Errorf("%s after %d tries", line, len(tries))
	}
	for !strings.Contains(s.log.String(), "DEBG x: event was processed\n") { // else it is delivered again after the stop
		runtime.Gosched()
	}
	log := s.log.String()
	for _, line := range []string{
		"WARN plug-in x did not accept an event, it will be sent again: fault 1: not now\n",
		"WARN plug-in x did not accept an event, it will be sent again: plug-in x answered false\n", "WARN x: event was rejected\n",
	} {
		if !strings.Contains(log, line) {
			t.Errorf("the log lacks %q:\n%s", line, log)
		}
	}
	stop()
	s.Emit("DISK", "two") // the connection is refused or waits in the backlog
	s.Down("EXITED")
	s.Emit("DISK", "three")
	s.Up()
	defer s.listen()()
	first := s.next(got)
	second := s.next(got)
	// The next process may accept a connection that waited; the event is delivered again because the call had ended.
	for second == first {
		second = s.next(got)
	}
	if !strings.HasSuffix(first, " two") || !strings.HasSuffix(second, " three") {
		t.Errorf("%s, then %s; want two, three", first, second)
	}
}

// stuckTransport is a connection that ignores the end of the context.
type stuckTransport struct{ entered, release chan struct{} }

func (s *stuckTransport) RoundTrip(*http.Request) (*http.Response, error) {
	close(s.entered)
	<-s.release
	return nil, errors.New("released")
}

// TestCloseDuringDelivery shows that Close, which the loop calls, does not wait for a delivery, and that the event is
// rejected before it returns.
func TestCloseDuringDelivery(t *testing.T) {
	s, _ := newSubscriber(t)
	stuck := &stuckTransport{make(chan struct{}), make(chan struct{})}
	s.client.Transport = stuck
	defer close(stuck.release)
	s.Up()
	s.Emit("DISK", "one")
	<-stuck.entered
	closed := make(chan struct{})
	go func() { s.Plugin.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Fatal("Close waits for the delivery")
	}
	want := "WARN plug-in x did not accept an event, it will be sent again: the plug-in has been removed\n" +
		"WARN x: event was rejected\n"
	var warnings strings.Builder
	for line := range strings.Lines(s.log.String()) {
		if line = line[len("2006-01-02 15:04:05,000 "):]; strings.HasPrefix(line, "WARN") {
			warnings.WriteString(line)
		}
	}
	s.expect("log", warnings.String(), want)
}

// TestEmitCaptured emits what a process writes between the tokens.
func TestEmitCaptured(t *testing.T) {
	s, got := newSubscriber(t)
	s.Up()
	defer s.listen()()
	for _, text := range []string{"NOPE\nx", "", "DISKS", strings.Repeat("y", 200) + "\n", "\nDISK", "DISK\nfull:1\n2", "DISK"} {
		s.EmitCaptured([]byte(text))
	}
	for _, want := range []string{" eventname:DISK0 full:1\n2", " eventname:DISK0 "} {
		if line := <-got; !strings.HasSuffix(line, want) {
			t.Errorf("got %q, want %q", line, want)
		}
	}
	for _, name := range []string{"'NOPE'", "''", "'DISKS'", "'" + strings.Repeat("y", 100) + "'"} {
		if line := "WARN plug-in x emitted an event of type " + name + ", which is not in its event_types\n"; !strings.Contains(s.log.String(), line) {
			t.Errorf("the log lacks %q", line)
		}
	}
}

// TestSocket shows that the socket is made where its path is short enough, blocks, is closed on exec, and is removed by the
// next supervisord unless a process listens.
func TestSocket(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("d", 100))
	if err := os.Mkdir(long, 0o755); err != nil {
		t.Fatal(err)
	}
	short, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(short)
	s, err := listen([]string{long, short}, "x", "a/b*")
	if err != nil {
		t.Fatal(err)
	}
	if dir := filepath.Dir(filepath.Dir(s.path)); dir != short {
		t.Errorf("the socket is in %s", dir)
	}
	if _, err := listen([]string{long}, "x", "id"); err != errLong {
		t.Errorf("%v", err)
	}
	flags, _ := unix.FcntlInt(uintptr(s.fd), unix.F_GETFL, 0)
	onExec, _ := unix.FcntlInt(uintptr(s.fd), unix.F_GETFD, 0)
	if flags&syscall.O_NONBLOCK != 0 || onExec&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %o, %o", flags, onExec)
	}
	Clean(short, "a/b*")
	if _, err := os.Stat(s.path); err != nil {
		t.Errorf("a socket in use was removed: %v", err)
	}
	unix.Close(s.fd)
	Clean(short, "other")
	Clean(short, "b*")
	if _, err := os.Stat(s.path); err != nil {
		t.Errorf("a socket of another supervisord was removed: %v", err)
	}
	plain := filepath.Join(short, "y"+infix+"a_b_-1")
	if err := os.MkdirAll(filepath.Join(plain, fileName), 0o755); err != nil {
		t.Fatal(err)
	}
	Clean(short, "a/b*")
	if _, err := os.Stat(filepath.Dir(s.path)); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := os.Stat(plain); err != nil {
		t.Errorf("a file that is not a socket was removed: %v", err)
	}
}
